//! Form fields: a label, a hint, a mistake in words, and a native control.

use leptos::html;
use leptos::prelude::*;
use leptos::text_prop::TextProp;

use crate::i18n::*;

/// The ids that describe a field, for `aria-describedby`.
fn described_by(id: &str, hint: bool, error: bool) -> Option<String> {
    match (hint, error) {
        (false, false) => None,
        (true, false) => Some(format!("{id}-hint")),
        (false, true) => Some(format!("{id}-error")),
        (true, true) => Some(format!("{id}-error {id}-hint")),
    }
}

/// One line of text.
#[component]
pub fn TextField(
    /// Unique on the page.
    id: &'static str,
    #[prop(into)] label: TextProp,
    /// Lives in the page, never in a document.
    value: RwSignal<String>,
    #[prop(into, optional)] hint: Option<TextProp>,
    /// What is wrong with it, in a sentence; empty if nothing is.
    #[prop(into, default = Signal::stored(String::new()))]
    error: Signal<String>,
    #[prop(default = "text")] kind: &'static str,
    #[prop(into, default = Signal::stored("off"))] autocomplete: Signal<&'static str>,
    #[prop(optional)] required: bool,
    #[prop(optional)] node_ref: NodeRef<html::Input>,
) -> impl IntoView {
    let has_hint = hint.is_some();
    let wrong = move || error.with(|error| !error.is_empty());
    view! {
        <div class="field">
            <label for=id>{move || label.get()}</label>
            {hint.map(|hint| view! { <span class="hint" id=format!("{id}-hint")>{move || hint.get()}</span> })}
            <span class="error" id=format!("{id}-error") hidden=move || !wrong() aria-live="polite">
                {move || error.get()}
            </span>
            <input
                id=id
                name=id
                type=kind
                autocomplete=move || autocomplete.get()
                required=required
                node_ref=node_ref
                aria-invalid=move || wrong().then_some("true")
                aria-describedby=move || described_by(id, has_hint, wrong())
                prop:value=move || value.get()
                on:input=move |event| value.set(event_target_value(&event))
            />
        </div>
    }
}

/// A secret, with a button that shows it: typing a long one blind helps nobody.
#[component]
pub fn PasswordField(
    /// Unique on the page.
    id: &'static str,
    #[prop(into)] label: TextProp,
    value: RwSignal<String>,
    #[prop(into, optional)] hint: Option<TextProp>,
    #[prop(into, default = Signal::stored(String::new()))] error: Signal<String>,
    /// `current-password` or `new-password`.
    #[prop(into, default = Signal::stored("current-password"))]
    autocomplete: Signal<&'static str>,
    #[prop(optional)] node_ref: NodeRef<html::Input>,
) -> impl IntoView {
    let i18n = use_i18n();
    let shown = RwSignal::new(false);
    let has_hint = hint.is_some();
    let wrong = move || error.with(|error| !error.is_empty());
    view! {
        <div class="field">
            <label for=id>{move || label.get()}</label>
            {hint.map(|hint| view! { <span class="hint" id=format!("{id}-hint")>{move || hint.get()}</span> })}
            <span class="error" id=format!("{id}-error") hidden=move || !wrong() aria-live="polite">
                {move || error.get()}
            </span>
            <input
                id=id
                name=id
                type=move || if shown.get() { "text" } else { "password" }
                autocomplete=move || autocomplete.get()
                autocapitalize="off"
                spellcheck="false"
                required=true
                node_ref=node_ref
                aria-invalid=move || wrong().then_some("true")
                aria-describedby=move || described_by(id, has_hint, wrong())
                prop:value=move || value.get()
                on:input=move |event| value.set(event_target_value(&event))
            />
            <label class="choice">
                <input
                    type="checkbox"
                    prop:checked=move || shown.get()
                    on:change=move |event| shown.set(event_target_checked(&event))
                />
                {t!(i18n, common.show_secret)}
            </label>
        </div>
    }
}

/// One of a few, as radio buttons.
#[component]
pub fn ChoiceField(
    /// Unique on the page.
    id: &'static str,
    #[prop(into)] label: TextProp,
    /// Value and words of each choice.
    #[prop(into)]
    choices: Signal<Vec<(String, String)>>,
    /// The value that is chosen.
    #[prop(into)]
    chosen: Signal<String>,
    on_choose: Callback<String>,
    #[prop(optional)] across: bool,
    #[prop(into, default = Signal::stored(false))] disabled: Signal<bool>,
) -> impl IntoView {
    view! {
        <fieldset class="field" disabled=move || disabled.get()>
            <legend>{move || label.get()}</legend>
            <div class="choices" class:across=across>
                <For each=move || choices.get() key=|choice| choice.clone() let((value, words))>
                    {
                        let (mine, to_choose) = (value.clone(), value.clone());
                        view! {
                            <label class="choice">
                                <input
                                    type="radio" autocomplete="off"
                                    name=id
                                    value=value
                                    prop:checked=move || chosen.with(|chosen| *chosen == mine)
                                    on:change=move |_| on_choose.run(to_choose.clone())
                                />
                                {words}
                            </label>
                        }
                    }
                </For>
            </div>
        </fieldset>
    }
}

/// One of many, as a list to pick from.
#[component]
pub fn SelectField(
    /// Unique on the page.
    #[prop(into)]
    id: std::borrow::Cow<'static, str>,
    #[prop(into)] label: TextProp,
    /// Value and words of each choice.
    #[prop(into)]
    choices: Signal<Vec<(String, String)>>,
    /// The value that is chosen.
    #[prop(into)]
    chosen: Signal<String>,
    on_choose: Callback<String>,
    #[prop(into, default = Signal::stored(false))] disabled: Signal<bool>,
    /// The label is only for who cannot see what stands beside the field.
    #[prop(optional)]
    quiet_label: bool,
) -> impl IntoView {
    let id = id.into_owned();
    view! {
        <div class="field narrow">
            <label for=id.clone() class:visually-hidden=quiet_label>{move || label.get()}</label>
            <select
                id=id.clone()
                autocomplete="off"
                name=id
                disabled=move || disabled.get()
                on:change=move |event| on_choose.run(event_target_value(&event))
            >
                <For each=move || choices.get() key=|choice| choice.clone() let((value, words))>
                    {
                        let mine = value.clone();
                        view! {
                            <option value=value selected=move || chosen.with(|chosen| *chosen == mine)>
                                {words}
                            </option>
                        }
                    }
                </For>
            </select>
        </div>
    }
}
