//! Giving the person a file to keep.

use js_sys::Array;
use leptos::prelude::*;
use wasm_bindgen::{JsCast as _, JsValue};

/// Offers `content` as a download under that name.
pub fn save_file(name: &str, media_type: &str, content: &str) {
    if let Err(error) = try_save(name, media_type, content) {
        leptos::logging::warn!("the browser did not take the file: {error:?}");
    }
}

/// Offers pieces of bytes, one after the other, as a download under that name. Whether the browser took it.
pub fn save_bytes(name: &str, media_type: &str, pieces: &Array) -> bool {
    let options = web_sys::BlobPropertyBag::new();
    options.set_type(media_type);
    let saved = web_sys::Blob::new_with_u8_array_sequence_and_options(pieces, &options)
        .and_then(|blob| try_save_blob(name, &blob));
    if let Err(error) = &saved {
        leptos::logging::warn!("the browser did not take the file: {error:?}");
    }
    saved.is_ok()
}

fn try_save(name: &str, media_type: &str, content: &str) -> Result<(), JsValue> {
    let options = web_sys::BlobPropertyBag::new();
    options.set_type(media_type);
    let blob = web_sys::Blob::new_with_str_sequence_and_options(&Array::of1(&content.into()), &options)?;
    try_save_blob(name, &blob)
}

fn try_save_blob(name: &str, blob: &web_sys::Blob) -> Result<(), JsValue> {
    let address = web_sys::Url::create_object_url_with_blob(blob)?;
    let link: web_sys::HtmlAnchorElement = document().create_element("a")?.dyn_into()?;
    link.set_href(&address);
    link.set_download(name);
    link.click();
    web_sys::Url::revoke_object_url(&address)
}
