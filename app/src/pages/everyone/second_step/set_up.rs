//! The app is told the secret, and shows that it has it.

use leptos::html;
use leptos::prelude::*;

use super::{Stage, sentence};
use crate::components::TextField;
use crate::i18n::*;
use crate::session::factors::{self, FactorError, NewTotp, Picture};

/// A picture to scan, the same as text, and the first code.
#[component]
pub fn SetUp(totp: NewTotp, stage: RwSignal<Stage>) -> impl IntoView {
    let i18n = use_i18n();
    let code = RwSignal::new(String::new());
    let failed = RwSignal::new(None::<FactorError>);
    let (busy, tried) = (RwSignal::new(false), RwSignal::new(false));
    let field = NodeRef::<html::Input>::new();
    let heading = NodeRef::<html::H2>::new();
    // What the button that was pressed led to is read out.
    Effect::new(move |_| {
        if let Some(heading) = heading.get() {
            let _ = heading.focus();
        }
    });
    let submit = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        if busy.get_untracked() {
            return;
        }
        tried.set(true);
        failed.set(None);
        let typed = code.get_untracked();
        if typed.trim().is_empty() {
            if let Some(field) = field.get_untracked() {
                let _ = field.focus();
            }
            return;
        }
        busy.set(true);
        leptos::task::spawn_local(async move {
            match factors::confirm_totp(&typed).await {
                Ok(codes) => stage.set(Stage::Codes(codes)),
                Err(error) => {
                    failed.try_set(Some(error));
                }
            }
            busy.try_set(false);
        });
    };
    let error = Signal::derive(move || {
        if tried.get() && code.with(|code| code.trim().is_empty()) {
            t_string!(i18n, factor.missing_code).to_string()
        } else {
            String::new()
        }
    });
    // In fours: that is how one copies it by hand.
    let secret = totp.secret.as_bytes().chunks(4).map(String::from_utf8_lossy).collect::<Vec<_>>().join(" ");
    view! {
        <section class="stack" aria-labelledby="set-up-heading">
            <h2 id="set-up-heading" tabindex="-1" node_ref=heading>{t!(i18n, factor.set_up_title)}</h2>
            <p>{t!(i18n, factor.scan)}</p>
            {totp.picture.map(|picture| view! { <Scan picture=picture/> })}
            <p>{t!(i18n, factor.type_it)}</p>
            <p><code class="secret">{secret}</code></p>
            <p><a href=totp.link rel="external">{t!(i18n, factor.on_this_phone)}</a></p>
            <form class="stack" novalidate on:submit=submit>
                <div role="alert">
                    {move || failed.get().map(|error| view! {
                        <div class="notice warn"><p>{move || sentence(i18n, &error)}</p></div>
                    })}
                </div>
                <TextField
                    id="first-code" autocomplete="one-time-code" required=true
                    label=move || t_string!(i18n, factor.first_code)
                    value=code error=error node_ref=field
                />
                <div class="row">
                    <button type="submit" class="primary" aria-disabled=move || busy.get().then_some("true")>
                        {t!(i18n, factor.confirm)}
                    </button>
                    <span role="status">{move || busy.get().then(|| t_string!(i18n, factor.busy))}</span>
                </div>
            </form>
        </section>
    }
}

/// A QR code: dark on light whatever the colours of the page, or cameras do not see it.
#[component]
fn Scan(picture: Picture) -> impl IntoView {
    let i18n = use_i18n();
    let size = picture.size;
    view! {
        <svg
            class="scan" role="img" viewBox=format!("0 0 {size} {size}") shape-rendering="crispEdges"
            aria-label=move || t_string!(i18n, factor.picture)
        >
            <rect width=size height=size fill="#fff"/>
            <path d=picture.path fill="#000"/>
        </svg>
    }
}
