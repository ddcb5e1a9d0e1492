//! The browser's `fetch`, as little of it as the device needs.

use js_sys::{Reflect, Uint8Array};
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;

use super::platform;

/// How long an answer may take, in ms.
const TIMEOUT_MS: u32 = 20_000;

/// A request to this site's own server.
#[derive(Debug, Clone, Copy, Default)]
pub struct Request<'a> {
    /// `GET`, `POST`, `DELETE`.
    pub method: &'a str,
    /// From the root.
    pub path: &'a str,
    /// Type and bytes of the body.
    pub body: Option<(&'a str, &'a [u8])>,
    /// The version that the device has, for a conditional request.
    pub etag: Option<&'a str>,
    /// Goes on when the page closes.
    pub keepalive: bool,
    /// How long the answer may take where that is not the usual time, in ms.
    pub timeout_ms: Option<u32>,
}

/// What the server answered.
#[derive(Debug, Clone, Default)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The body.
    pub body: Vec<u8>,
    /// `Retry-After`, in seconds.
    pub retry_after: Option<u64>,
}

/// The server did not answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the server is out of reach")]
pub struct OutOfReach;

/// Sends a request and reads the whole answer.
///
/// # Errors
/// When the server did not answer, or not in time.
pub async fn fetch(request: Request<'_>) -> Result<Answer, OutOfReach> {
    fetch_js(request).await.map_err(|_| OutOfReach)
}

async fn fetch_js(request: Request<'_>) -> Result<Answer, JsValue> {
    let init = web_sys::RequestInit::new();
    init.set_method(request.method);
    let headers = web_sys::Headers::new()?;
    headers.set("accept", "application/json, application/cbor, application/problem+json")?;
    if let Some((media_type, body)) = request.body {
        headers.set("content-type", media_type)?;
        init.set_body(&Uint8Array::from(body));
    }
    if let Some(etag) = request.etag {
        headers.set("if-none-match", &format!("\"{etag}\""))?;
    }
    init.set_headers(&headers);
    if request.keepalive {
        Reflect::set(&init, &"keepalive".into(), &JsValue::TRUE)?;
    } else {
        init.set_signal(Some(&web_sys::AbortSignal::timeout_with_u32(
            request.timeout_ms.unwrap_or(TIMEOUT_MS),
        )));
    }
    // The browser's own cache would keep answers readable on a locked device.
    Reflect::set(&init, &"cache".into(), &"no-store".into())?;
    let response = JsFuture::from(platform::window().fetch_with_str_and_init(request.path, &init)).await?;
    let response: web_sys::Response = response.dyn_into()?;
    let body = JsFuture::from(response.array_buffer()?).await?;
    let retry_after = response.headers().get("retry-after")?.and_then(|it| it.parse().ok());
    Ok(Answer { status: response.status(), body: Uint8Array::new(&body).to_vec(), retry_after })
}

impl Answer {
    /// The body as JSON of that shape.
    #[must_use]
    pub fn json<T: serde::de::DeserializeOwned>(&self) -> Option<T> {
        serde_json::from_slice(&self.body).ok()
    }

    /// The `code` of a problem.
    #[must_use]
    pub fn problem_code(&self) -> Option<String> {
        let problem: serde_json::Value = self.json()?;
        Some(problem.get("code")?.as_str()?.to_owned())
    }
}
