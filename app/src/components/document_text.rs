//! A large text field that shows a text of a document and changes it the way it is typed.
//!
//! The field is not written by a signal at each stroke: what is typed goes to the document as the smallest
//! replacement, and what others write meanwhile comes back into the field with the caret where it was.

use leptos::html;
use leptos::prelude::*;
use leptos::text_prop::TextProp;
use shared::domain::text::Splice;

use crate::device::{Device, EditError};
use crate::i18n::*;

/// A text of a document in a plain large field; dictation and handwriting work in it.
#[component]
pub fn DocumentText(
    /// Unique on the page.
    #[prop(into)]
    id: String,
    #[prop(into)] label: TextProp,
    /// The text as the document has it now, tracked; `None` while the document is not here.
    #[prop(into)]
    value: Callback<(), Option<String>>,
    /// Carries what was typed over to the document: what the field showed before, and what it shows now.
    #[prop(into)]
    on_type: Callback<(String, String), Result<(), EditError>>,
    /// The person left the field.
    #[prop(into, optional)]
    on_leave: Option<Callback<()>>,
    #[prop(into, optional)] hint: Option<TextProp>,
    #[prop(into, default = Signal::stored(false))] readonly: Signal<bool>,
    /// Half as high at first.
    #[prop(optional)]
    small: bool,
    /// The label is only for who cannot see the heading right above.
    #[prop(optional)]
    quiet_label: bool,
) -> impl IntoView {
    let i18n = use_i18n();
    let device = expect_context::<Device>();
    let field = NodeRef::<html::Textarea>::new();
    let failed = RwSignal::new(false);
    let composing = StoredValue::new(false);
    // What the field showed when the document last had the same.
    let shown = StoredValue::new(String::new());

    let take_over = move |text: String| {
        let Some(field) = field.get_untracked() else { return };
        let before = field.value();
        if let Some(splice) = Splice::between(&before, &text) {
            // A script under the fingers (Japanese, dead keys) breaks when the field changes: afterwards then.
            if composing.get_value() {
                return;
            }
            let place = |position: Result<Option<u32>, _>| {
                let position: usize =
                    position.ok().flatten().unwrap_or_default().try_into().unwrap_or_default();
                u32::try_from(splice.moved(position)).unwrap_or(u32::MAX)
            };
            let (start, end) = (place(field.selection_start()), place(field.selection_end()));
            let scroll = field.scroll_top();
            field.set_value(&text);
            let is_active =
                document().active_element().is_some_and(|active| active.is_same_node(Some(&field)));
            if is_active {
                // Only the caret: what is typed is safe without it.
                let _ = field.set_selection_range(start, end);
            }
            field.set_scroll_top(scroll);
        }
        shown.set_value(text);
    };
    let follow = move || {
        if failed.get_untracked() {
            return;
        }
        if let Some(text) = untrack(|| value.run(())) {
            take_over(text);
        }
    };
    Effect::new(move |_| {
        let text = value.run(());
        if field.get().is_some()
            && !failed.get_untracked()
            && let Some(text) = text
        {
            take_over(text);
        }
    });
    let typed = move |_| {
        let Some(field) = field.get_untracked() else { return };
        let now = field.value();
        match on_type.run((shown.get_value(), now.clone())) {
            Ok(()) => {
                shown.set_value(now);
                failed.set(false);
                follow();
            }
            Err(error) => {
                leptos::logging::warn!("not saved: {error}");
                failed.set(true);
            }
        }
    };
    let (label_id, hint_id, error_id) = (id.clone(), format!("{id}-hint"), format!("{id}-error"));
    let described = {
        let has_hint = hint.is_some();
        let (hint_id, error_id) = (hint_id.clone(), error_id.clone());
        move || match (failed.get(), has_hint) {
            (true, _) => Some(error_id.clone()),
            (false, true) => Some(hint_id.clone()),
            (false, false) => None,
        }
    };
    view! {
        <div class="field">
            <label for=label_id class:visually-hidden=quiet_label>{move || label.get()}</label>
            {hint.map(|hint| view! { <span class="hint" id=hint_id>{move || hint.get()}</span> })}
            <textarea
                id=id
                class:short=small
                node_ref=field
                // Browsers that open their tabs anew keep what stood in other fields, in clear.
                autocomplete="off"
                spellcheck="true"
                readonly=move || readonly.get() || device.is_suspended()
                aria-invalid=move || failed.get().then_some("true")
                aria-describedby=described
                on:input=typed
                on:compositionstart=move |_| composing.set_value(true)
                on:compositionend=move |_| {
                    composing.set_value(false);
                    follow();
                }
                on:blur=move |_| {
                    // A field that is taken away while it has the focus is left too, when nothing is left of it.
                    if failed.try_get_untracked().is_none() {
                        return;
                    }
                    composing.set_value(false);
                    follow();
                    if let Some(on_leave) = on_leave {
                        on_leave.run(());
                    }
                }
            ></textarea>
            <span class="error" id=error_id role="alert" hidden=move || !failed.get()>
                {t!(i18n, common.not_saved)}
            </span>
        </div>
    }
}
