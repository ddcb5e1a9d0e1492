//! Fields of the form that others have no use for: a scale of ten, and one line of a document's text.

use leptos::html;
use leptos::prelude::*;
use leptos::text_prop::TextProp;
use leptos_i18n::I18nContext;
use shared::domain::reflection_form::SCALE_RANGE;
use shared::domain::text::Splice;

use crate::device::EditError;
use crate::i18n::*;

/// A number from 1 to 10 as ten buttons, and the possibility to take the answer back.
#[component]
pub fn ScaleField(
    /// Unique on the page.
    #[prop(into)]
    id: String,
    #[prop(into)] label: TextProp,
    #[prop(into)] value: Signal<Option<u8>>,
    on_choose: Callback<Option<u8>>,
    /// What 1 and 10 mean; where it is said once for several scales, the id of that.
    ends: Ends,
    #[prop(into, default = Signal::stored(false))] disabled: Signal<bool>,
) -> impl IntoView {
    let i18n = use_i18n();
    let again = label.clone();
    let (described, said) = match ends {
        Ends::Here { low, high } => (format!("{id}-ends"), Some((low, high))),
        Ends::At(id) => (id.to_owned(), None),
    };
    let ends_id = described.clone();
    let name = id;
    view! {
        <fieldset class="scale" aria-describedby=described disabled=move || disabled.get()>
            <legend>{move || label.get()}</legend>
            <div class="numbers">
                {SCALE_RANGE.map(|number| view! {
                    <label>
                        <input
                            type="radio" autocomplete="off"
                            name=name.clone()
                            value=number
                            prop:checked=move || value.get() == Some(number)
                            on:change=move |_| on_choose.run(Some(number))
                        />
                        <span>{number}</span>
                    </label>
                }).collect_view()}
            </div>
            <div class="ends small soft">
                {said.map(|(low, high)| view! {
                    <span id=ends_id>"1 = " {move || low.get()} ", 10 = " {move || high.get()}</span>
                })}
                <Show when=move || value.get().is_some() && !disabled.get()>
                    {
                        let again = again.clone();
                        view! {
                            <button type="button" class="plain small" on:click=move |_| on_choose.run(None)>
                                {t!(i18n, employee.clear_scale)}
                                <span class="visually-hidden">": " {move || again.get()}</span>
                            </button>
                        }
                    }
                </Show>
            </div>
        </fieldset>
    }
}

/// Where it is said what 1 and 10 mean.
#[derive(Clone)]
pub enum Ends {
    /// Below the numbers.
    Here {
        /// What 1 means.
        low: TextProp,
        /// What 10 means.
        high: TextProp,
    },
    /// In the element of that id.
    At(&'static str),
}

impl Ends {
    /// Those of a scale question.
    pub fn of(i18n: I18nContext<Locale>, scale: &str) -> Self {
        if scale == "F2" {
            return Self::Here {
                low: (move || t_string!(i18n, employee.f2_low)).into(),
                high: (move || t_string!(i18n, employee.f2_high)).into(),
            };
        }
        Self::Here {
            low: (move || t_string!(i18n, employee.b1_low)).into(),
            high: (move || t_string!(i18n, employee.b1_high)).into(),
        }
    }
}

/// One line of a document's text.
#[component]
pub fn DocumentLine(
    /// Unique on the page.
    #[prop(into)]
    id: String,
    #[prop(into)] label: TextProp,
    /// The text as the document has it now, tracked.
    #[prop(into)]
    value: Callback<(), Option<String>>,
    /// Carries what was typed over to the document: what the field showed before, and what it shows now.
    #[prop(into)]
    on_type: Callback<(String, String), Result<(), EditError>>,
    on_leave: Callback<()>,
    #[prop(into, optional)] hint: Option<TextProp>,
) -> impl IntoView {
    let i18n = use_i18n();
    let field = NodeRef::<html::Input>::new();
    let failed = RwSignal::new(false);
    let shown = StoredValue::new(String::new());
    Effect::new(move |_| {
        let (Some(text), Some(field)) = (value.run(()), field.get()) else { return };
        // What could not be saved stays in the field.
        if failed.get_untracked() {
            return;
        }
        let before = field.value();
        if let Some(splice) = Splice::between(&before, &text) {
            let caret = field.selection_start().ok().flatten();
            field.set_value(&text);
            let active = document().active_element().is_some_and(|active| active.is_same_node(Some(&field)));
            if let (true, Some(caret)) = (active, caret) {
                let place = usize::try_from(caret).map_or(0, |caret| splice.moved(caret));
                let place = u32::try_from(place).unwrap_or(u32::MAX);
                // Only the caret: what is typed is safe without it.
                let _ = field.set_selection_range(place, place);
            }
        }
        shown.set_value(text);
    });
    let typed = move |_| {
        let Some(field) = field.get_untracked() else { return };
        let now = field.value();
        match on_type.run((shown.get_value(), now.clone())) {
            Ok(()) => {
                shown.set_value(now);
                failed.set(false);
            }
            Err(error) => {
                leptos::logging::warn!("not saved: {error}");
                failed.set(true);
            }
        }
    };
    let (hint_id, error_id) = (format!("{id}-hint"), format!("{id}-error"));
    let described = {
        let (hint_id, error_id, has_hint) = (hint_id.clone(), error_id.clone(), hint.is_some());
        move || if failed.get() { Some(error_id.clone()) } else { has_hint.then(|| hint_id.clone()) }
    };
    view! {
        <div class="field">
            <label for=id.clone()>{move || label.get()}</label>
            {hint.map(|hint| view! { <span class="hint" id=hint_id>{move || hint.get()}</span> })}
            <input
                id=id
                type="text"
                autocomplete="off"
                node_ref=field
                aria-invalid=move || failed.get().then_some("true")
                aria-describedby=described
                on:input=typed
                on:blur=move |_| {
                    // A field that is taken away while it has the focus is left too, when nothing is left of it.
                    let _ = on_leave.try_run(());
                }
            />
            <span class="error" id=error_id role="alert" hidden=move || !failed.get()>
                {t!(i18n, common.not_saved)}
            </span>
        </div>
    }
}
