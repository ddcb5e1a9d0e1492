//! What is shown when the program itself has fallen: plain elements that need nothing of it but one click.
//!
//! After a panic, or when the browser ends the program, what stands on the page looks as it did and does nothing any
//! more. So nothing of it stays in view, least of all what it says of what is safe. The page is not loaded anew by
//! itself: what fell once may fall again at once, and what was typed last is only here.

use std::cell::Cell;

use js_sys::Reflect;
use leptos::prelude::*;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast as _, JsValue};
use web_sys::{Element, HtmlElement, HtmlInputElement, HtmlTextAreaElement};

use crate::i18n::*;

/// Marks the page: all but the notice is hidden.
const BROKEN: &str = "broken";

thread_local! {
    static SHOWN: Cell<bool> = const { Cell::new(false) };
}

/// Shows the notice from now on when the program falls: by a panic, or ended by the browser, as without memory.
pub fn watch() {
    std::panic::set_hook(Box::new(|info| {
        console_error_panic_hook::hook(info);
        show();
    }));
    for (event, error) in [("error", "error"), ("unhandledrejection", "reason")] {
        let listener = Closure::<dyn FnMut(JsValue)>::new(move |event: JsValue| {
            let is_end = Reflect::get(&event, &error.into())
                .and_then(|error| Reflect::get(&error, &"name".into()))
                .is_ok_and(|name| name.as_string().as_deref() == Some("RuntimeError"));
            if is_end {
                show();
            }
        });
        // Without it a panic is still told of.
        let _ = window().add_event_listener_with_callback(event, listener.as_ref().unchecked_ref());
        listener.forget();
    }
}

fn show() {
    if !SHOWN.replace(true) {
        // Where not even this can be shown there is nothing left to do.
        let _ = try_show();
    }
}

/// What is in the field that has the focus, if it is to be read.
fn typed(document: &web_sys::Document) -> Option<String> {
    let active = document.active_element()?;
    let text = if let Some(field) = active.dyn_ref::<HtmlTextAreaElement>() {
        field.value()
    } else {
        let field = active.dyn_ref::<HtmlInputElement>()?;
        if matches!(field.type_().as_str(), "password" | "checkbox" | "radio") {
            return None;
        }
        field.value()
    };
    (!text.trim().is_empty()).then_some(text)
}

/// An element with these words.
fn element(document: &web_sys::Document, name: &str, words: &str) -> Result<Element, JsValue> {
    let made = document.create_element(name)?;
    made.set_text_content(Some(words));
    Ok(made)
}

fn try_show() -> Result<(), JsValue> {
    let document = window().document().ok_or(JsValue::NULL)?;
    let body = document.body().ok_or(JsValue::NULL)?;
    let text = typed(&document);
    let language = document.document_element().and_then(|it| it.get_attribute("lang"));
    let locale = if language.as_deref() == Some(Locale::en.as_str()) { Locale::en } else { Locale::nl };

    let around = document.create_element("main")?;
    around.set_class_name("broken-notice");
    let notice = document.create_element("section")?;
    around.append_child(&notice)?;
    for (name, value) in [
        ("role", "alertdialog"),
        ("aria-modal", "true"),
        ("tabindex", "-1"),
        ("aria-labelledby", "broken-heading"),
        ("aria-describedby", "broken-why"),
    ] {
        notice.set_attribute(name, value)?;
    }
    let heading = element(&document, "h1", td_string!(locale, common.broken_title))?;
    heading.set_id("broken-heading");
    notice.append_child(&heading)?;
    let why = document.create_element("div")?;
    why.set_id("broken-why");
    let first = if text.is_some() {
        td_string!(locale, common.broken_copy)
    } else {
        td_string!(locale, common.broken_typed)
    };
    for words in [first, td_string!(locale, common.broken_safe)] {
        why.append_child(&*element(&document, "p", words)?)?;
    }
    notice.append_child(&why)?;
    if let Some(text) = text {
        let label = element(&document, "label", td_string!(locale, common.broken_text))?;
        label.set_attribute("for", "broken-text")?;
        let field: HtmlTextAreaElement = document.create_element("textarea")?.dyn_into()?;
        field.set_id("broken-text");
        field.set_read_only(true);
        field.set_value(&text);
        notice.append_child(&label)?;
        notice.append_child(&field)?;
    }
    let button = element(&document, "button", td_string!(locale, common.reload))?;
    button.set_attribute("type", "button")?;
    button.set_class_name("primary");
    let reload = Closure::<dyn FnMut()>::new(|| {
        // Reloading cannot fail in a page that is shown.
        let _ = window().location().reload();
    });
    button.add_event_listener_with_callback("click", reload.as_ref().unchecked_ref())?;
    reload.forget();
    notice.append_child(&button)?;

    let others = body.children();
    for at in 0..others.length() {
        if let Some(other) = others.item(at) {
            other.set_attribute("inert", "")?;
        }
    }
    // What is safe where is no longer known here.
    while let Some(state) = document.query_selector(".state")? {
        state.remove();
    }
    body.class_list().add_1(BROKEN)?;
    body.append_child(&around)?;
    document.set_title(&format!("{} – Loopbaanmaat", td_string!(locale, common.broken_title)));
    notice.dyn_into::<HtmlElement>()?.focus()
}
