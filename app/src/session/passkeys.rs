//! What the browser does with passkeys: make one, show one. Its options and answers travel as the JSON that Web
//! Authentication Level 3 names (<https://www.w3.org/TR/webauthn-3/#sctn-parseCreationOptionsFromJSON>); the conversion
//! is done here, because not every browser in use has the functions for it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use js_sys::{Array, Function, JSON, Object, Promise, Reflect, Uint8Array};
use serde_json::{Value, json};
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;

use crate::device::platform;

/// Why there is nothing to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasskeyError {
    /// The browser cannot do it, or not for what is asked.
    #[error("the browser cannot do this")]
    Unable,
    /// She stopped, or took too long, or has none of those that are asked for.
    #[error("it was stopped")]
    Stopped,
    /// This device has one of hers already.
    #[error("this device has one already")]
    Known,
}

/// Whether this browser works with passkeys.
#[must_use]
pub fn are_possible() -> bool {
    get(&platform::window(), "PublicKeyCredential").is_ok_and(|it| it.is_function())
}

/// Has the browser make one, and gives its `RegistrationResponseJSON`.
///
/// # Errors
/// [`PasskeyError`]; nothing was kept then.
pub async fn make(options: &Value) -> Result<Value, PasskeyError> {
    let made = ask("create", options).await?;
    let response = get(&made, "response")?;
    let transports = call(&response, "getTransports").ok().filter(JsValue::is_object);
    let transports = transports
        .map_or(Value::Null, |it| Array::from(&it).iter().filter_map(|it| it.as_string()).collect());
    let mut told = json!({
        "clientDataJSON": bytes(&response, "clientDataJSON")?,
        "attestationObject": bytes(&response, "attestationObject")?,
    });
    if !transports.is_null() {
        told["transports"] = transports;
    }
    answer(&made, &told)
}

/// Has the browser show one, and gives its `AuthenticationResponseJSON`.
///
/// # Errors
/// [`PasskeyError`].
pub async fn show(options: &Value) -> Result<Value, PasskeyError> {
    let shown = ask("get", options).await?;
    let response = get(&shown, "response")?;
    let mut told = json!({
        "clientDataJSON": bytes(&response, "clientDataJSON")?,
        "authenticatorData": bytes(&response, "authenticatorData")?,
        "signature": bytes(&response, "signature")?,
    });
    if get(&response, "userHandle").is_ok_and(|it| it.is_object()) {
        told["userHandle"] = bytes(&response, "userHandle")?;
    }
    answer(&shown, &told)
}

/// Calls `navigator.credentials`.
async fn ask(what: &str, options: &Value) -> Result<JsValue, PasskeyError> {
    if !are_possible() {
        return Err(PasskeyError::Unable);
    }
    let parsed = JSON::parse(&options.to_string()).map_err(unable)?;
    decode(&parsed, "challenge")?;
    if let Ok(user) = get(&parsed, "user")
        && user.is_object()
    {
        decode(&user, "id")?;
    }
    for list in ["excludeCredentials", "allowCredentials"] {
        if let Ok(list) = get(&parsed, list)
            && Array::is_array(&list)
        {
            for one in Array::from(&list).iter() {
                decode(&one, "id")?;
            }
        }
    }
    let wrapped = Object::new();
    Reflect::set(&wrapped, &"publicKey".into(), &parsed).map_err(unable)?;
    let credentials = get(&platform::window().navigator(), "credentials")?;
    let function: Function = get(&credentials, what)?.dyn_into().map_err(unable)?;
    let promise: Promise = function
        .call1(&credentials, &wrapped)
        .map_err(|error| refusal(&error))?
        .dyn_into()
        .map_err(unable)?;
    let outcome = JsFuture::from(promise).await.map_err(|error| refusal(&error))?;
    if outcome.is_object() { Ok(outcome) } else { Err(PasskeyError::Stopped) }
}

fn answer(credential: &JsValue, response: &Value) -> Result<Value, PasskeyError> {
    let id = bytes(credential, "rawId")?;
    let mut told = json!({
        "id": id,
        "rawId": id,
        "type": "public-key",
        "clientExtensionResults": {},
        "response": response,
    });
    if let Some(place) = get(credential, "authenticatorAttachment")?.as_string() {
        told["authenticatorAttachment"] = place.into();
    }
    Ok(told)
}

/// In place: base64url to bytes.
fn decode(object: &JsValue, name: &str) -> Result<(), PasskeyError> {
    let text = get(object, name)?.as_string().ok_or(PasskeyError::Unable)?;
    let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| PasskeyError::Unable)?;
    Reflect::set(object, &name.into(), &Uint8Array::from(bytes.as_slice())).map_err(unable)?;
    Ok(())
}

fn bytes(object: &JsValue, name: &str) -> Result<Value, PasskeyError> {
    let bytes = Uint8Array::new(&get(object, name)?).to_vec();
    Ok(URL_SAFE_NO_PAD.encode(bytes).into())
}

fn get(object: &JsValue, name: &str) -> Result<JsValue, PasskeyError> {
    Reflect::get(object, &name.into()).map_err(unable)
}

fn call(object: &JsValue, name: &str) -> Result<JsValue, PasskeyError> {
    let function: Function = get(object, name)?.dyn_into().map_err(unable)?;
    function.call0(object).map_err(unable)
}

fn unable(_: JsValue) -> PasskeyError {
    PasskeyError::Unable
}

/// What the browser's own error says; it tells on purpose little.
fn refusal(error: &JsValue) -> PasskeyError {
    let name = get(error, "name").ok().and_then(|it| it.as_string());
    match name.as_deref() {
        Some("NotAllowedError" | "AbortError") => PasskeyError::Stopped,
        Some("InvalidStateError") => PasskeyError::Known,
        _ => PasskeyError::Unable,
    }
}
