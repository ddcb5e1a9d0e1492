//! Passkeys: those that there are, a new one, and one that goes.

use leptos::html;
use leptos::prelude::*;

use super::Stage;
use super::proof::{Asks, ProofForm};
use crate::components::{Day, TextField};
use crate::i18n::*;
use crate::session::factors::{self, Factors, Passkey, Ways};
use crate::session::{device_name, passkeys};

/// Characters that a name may have, as on the server.
const LONGEST_NAME: usize = 100;

/// Which form is open.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Open {
    None,
    New,
    Removal(String),
}

/// The section.
#[component]
pub fn Passkeys(factors: Factors, stage: RwSignal<Stage>, look: Callback<()>) -> impl IntoView {
    let i18n = use_i18n();
    let ways = factors.ways();
    let open = RwSignal::new(Open::None);
    let has_some = !factors.passkeys.is_empty();
    let is_here = factors.passkeys_here;
    view! {
        <section class="stack" aria-labelledby="passkeys-heading">
            <h2 id="passkeys-heading">{t!(i18n, factor.passkeys_title)}</h2>
            <p>{t!(i18n, factor.passkeys_text)}</p>
            {has_some.then(|| view! {
                <ul class="things">
                    {factors
                        .passkeys
                        .into_iter()
                        .map(|it| view! { <One it=it ways=ways open=open look=look/> })
                        .collect_view()}
                </ul>
            })}
            {if !passkeys::are_possible() {
                view! { <p>{t!(i18n, factor.passkey_unable)}</p> }.into_any()
            } else if !is_here {
                view! { <p>{t!(i18n, factor.passkeys_not_here)}</p> }.into_any()
            } else {
                view! {
                    <Show
                        when=move || open.get() == Open::New
                        fallback=move || view! {
                            <p>
                                <button type="button" on:click=move |_| open.set(Open::New)>
                                    {t!(i18n, factor.passkey_add)}
                                </button>
                            </p>
                        }
                    >
                        <New ways=ways open=open stage=stage look=look/>
                    </Show>
                }.into_any()
            }}
        </section>
    }
}

#[component]
fn One(it: Passkey, ways: Ways, open: RwSignal<Open>, look: Callback<()>) -> impl IntoView {
    let i18n = use_i18n();
    let id = StoredValue::new(it.id);
    let name = StoredValue::new(it.name);
    let named = move || name.get_value();
    let is_going = Memo::new(move |_| open.with(|it| id.with_value(|id| *it == Open::Removal(id.clone()))));
    let remove = Callback::new(move |(proof, done): Asks| {
        leptos::task::spawn_local(async move {
            match factors::remove_passkey(&id.get_value(), &proof).await {
                Ok(()) => look.run(()),
                Err(error) => done.run(error),
            }
        });
    });
    view! {
        <li>
            <div class="what">
                <strong>{named}</strong>
                <span class="small soft">{t!(i18n, factor.passkey_made, day = move || view! { <Day at=it.made_at/> })}</span>
                {match it.used_at {
                    Some(at) => view! {
                        <span class="small soft">{t!(i18n, factor.passkey_used, day = move || view! { <Day at=at/> })}</span>
                    }.into_any(),
                    None => view! { <span class="small soft">{t!(i18n, factor.passkey_unused)}</span> }.into_any(),
                }}
            </div>
            <Show when=move || !is_going.get()>
                <button type="button" class="danger" on:click=move |_| open.set(Open::Removal(id.get_value()))>
                    {t!(i18n, factor.passkey_remove)}
                    <span class="visually-hidden">{named}</span>
                </button>
            </Show>
            <Show when=move || is_going.get()>
                <div class="stack">
                    <p>{t!(i18n, factor.passkey_remove_text)}</p>
                    <ProofForm
                        fields=("passkey-remove-password", "passkey-remove-code") ways=ways act=remove
                        words=move || t_string!(i18n, factor.passkey_remove_now)
                    />
                    <p><button type="button" class="plain" on:click=move |_| open.set(Open::None)>{t!(i18n, common.not_now)}</button></p>
                </div>
            </Show>
        </li>
    }
}

#[component]
fn New(ways: Ways, open: RwSignal<Open>, stage: RwSignal<Stage>, look: Callback<()>) -> impl IntoView {
    let i18n = use_i18n();
    let name = RwSignal::new(device_name());
    let field = NodeRef::<html::Input>::new();
    Effect::new(move |_| {
        if let Some(field) = field.get() {
            // What the button that was pressed led to.
            let _ = field.focus();
        }
    });
    let words_fit = move || {
        let length = name.with(|name| name.trim().chars().count());
        (1..=LONGEST_NAME).contains(&length)
    };
    let add = Callback::new(move |(proof, done): Asks| {
        let chosen = name.with_untracked(|name| name.trim().to_owned());
        leptos::task::spawn_local(async move {
            match factors::add_passkey(&chosen, &proof).await {
                Ok(codes) if codes.is_empty() => look.run(()),
                Ok(codes) => stage.set(Stage::Codes(codes)),
                Err(error) => done.run(error),
            }
        });
    });
    let error = Signal::derive(move || {
        if words_fit() { String::new() } else { t_string!(i18n, factor.passkey_name_wrong).to_string() }
    });
    view! {
        <ProofForm
            fields=("passkey-password", "passkey-code") ways=ways act=add
            words=move || t_string!(i18n, factor.passkey_make)
        >
            <TextField
                id="passkey-name" required=true
                label=move || t_string!(i18n, factor.passkey_name) hint=move || t_string!(i18n, factor.passkey_name_hint)
                value=name error=error node_ref=field
            />
        </ProofForm>
        <p><button type="button" class="plain" on:click=move |_| open.set(Open::None)>{t!(i18n, common.not_now)}</button></p>
    }
}
