//! Goals, actions and agreements of coach and employee.

use leptos::prelude::*;
use leptos::text_prop::TextProp;
use shared::domain::entry;
use shared::domain::kind::DocKind;
use shared::domain::plan::{self, Item, ItemKind, ItemState, NewItem, Plan};
use shared::ids::UserId;

use crate::components::{
    Audience, AudienceSection, ChoiceField, DocumentText, SelectField, TextField, Undo, day_of_input,
    day_text,
};
use crate::device::{Device, Document, EditError};
use crate::i18n::*;
use crate::pages::case::{AlsoEdited, Case, is_read_only, name_of};
use crate::pages::words;

/// The plan of a trajectory; coach and employee see the same.
#[component]
pub fn PlanPart(case: Case) -> impl IntoView {
    let i18n = use_i18n();
    let document = case.document(DocKind::SharedNotes);
    let readonly = Memo::new(move |_| is_read_only(document.get()));
    let plan = Memo::new(move |_| document.get().and_then(|it| it.read(Plan::read)).unwrap_or_default());
    let heading = move |kind| match kind {
        ItemKind::Goal => t_string!(i18n, coach.goals),
        ItemKind::Action => t_string!(i18n, coach.actions),
        ItemKind::Agreement => t_string!(i18n, coach.agreements),
    };
    view! {
        <AudienceSection
            audience=Audience::Shared
            with=Signal::derive(move || case.companion_name())
            document=Signal::derive(move || document.get().map(|it| it.id()))
        >
            <Show when=move || plan.with(|plan| plan.items.is_empty())>
                <p>{t!(i18n, coach.no_items)}</p>
            </Show>
            {ItemKind::ALL.into_iter().map(|kind| {
                let items = Memo::new(move |_| plan.with(|plan| plan.of(kind).cloned().collect::<Vec<_>>()));
                view! {
                    <Show when=move || items.with(|items| !items.is_empty())>
                        <h3>{move || heading(kind)}</h3>
                        <ul class="things">
                            // Keyed by the id alone: a field in use must not be made anew by what is typed in it.
                            <For each=move || items.get() key=|item| item.id.clone() let(item)>
                                <OneItem id=item.id kind=kind plan=plan document=document readonly=readonly/>
                            </For>
                        </ul>
                    </Show>
                }
            }).collect_view()}
            <Show when=move || !readonly.get()><AddItem case=case document=document/></Show>
            <AlsoEdited document=document/>
        </AudienceSection>
    }
}

#[component]
fn OneItem(
    id: String,
    kind: ItemKind,
    plan: Memo<Plan>,
    document: Memo<Option<Document>>,
    readonly: Memo<bool>,
) -> impl IntoView {
    let i18n = use_i18n();
    let device = expect_context::<Device>();
    let undo = expect_context::<Undo>();
    let field = format!("item-{id}");
    let select = format!("state-{id}");
    let id = StoredValue::new(id);
    let item = Memo::new(move |_| -> Option<Item> {
        plan.with(|plan| id.with_value(|id| plan.items.iter().find(|item| item.id == *id).cloned()))
    });
    let text = move || item.get().map(|item| item.text).unwrap_or_default();
    let about = move || {
        let item = item.get()?;
        let owner = item.owner.and_then(|owner| name_of(device, owner));
        let due = item
            .due
            .as_deref()
            .and_then(day_of_input)
            .map(|at| t_string!(i18n, coach.item_due, at = day_text(i18n.get_locale(), at)).to_string());
        Some([owner, due].into_iter().flatten().collect::<Vec<_>>().join(" · "))
    };
    let states = Signal::derive(move || {
        let all = ItemState::ALL.into_iter();
        all.map(|it| (it.code().to_owned(), words::item_state(i18n, it).to_owned())).collect::<Vec<_>>()
    });
    let state = Signal::derive(move || item.get().map_or("", |item| item.state.code()).to_owned());
    let set_state = Callback::new(move |code: String| {
        let (Some(document), Some(state)) = (document.get_untracked(), ItemState::from_code(&code)) else {
            return;
        };
        let now = device.now_ms();
        if let Err(error) = document.edit(|doc| plan::set_status(doc, kind, &id.get_value(), state, now)) {
            leptos::logging::warn!("not changed: {error}");
        }
    });
    let value = Callback::new(move |()| item.get().map(|item| item.text));
    let on_type = Callback::new(move |(old, new): (String, String)| {
        let document = document.get_untracked().ok_or(EditError::NotHere)?;
        let now = device.now_ms();
        document.type_in(|doc| plan::change_text(doc, kind, &id.get_value(), &old, &new, now))
    });
    let leave = Callback::new(move |()| {
        if let Some(document) = document.get_untracked() {
            document.flush();
        }
    });
    let remove = move |_| {
        let (Some(document), id) = (document.get_untracked(), id.get_value()) else { return };
        if document.edit(|doc| plan::delete(doc, kind, &id)).is_ok() {
            undo.offer(t_string!(i18n, common.deleted).to_string(), move || {
                if let Err(error) = document.edit(|doc| plan::restore(doc, kind, &id)) {
                    leptos::logging::warn!("not taken back: {error}");
                }
            });
        }
    };
    view! {
        <li>
            <div class="what stack tight">
                <span class="prose">{text}</span>
                <span class="small soft">{about}</span>
                <Show when=move || !readonly.get()>
                    <details class="no-print">
                        <summary>{t!(i18n, coach.item_edit)}<span class="visually-hidden">" " {text}</span></summary>
                        <div class="stack tight">
                            <DocumentText
                                id=field.clone() label=move || t_string!(i18n, coach.item_text)
                                value=value on_type=on_type on_leave=leave small=true
                            />
                            <div class="row">
                                <button type="button" class="plain" on:click=remove
                                    aria-label=move || t_string!(i18n, coach.delete_item, what = text()).to_string()>
                                    {t!(i18n, common.delete)}
                                </button>
                            </div>
                        </div>
                    </details>
                </Show>
            </div>
            <SelectField
                id=select label=TextProp::from(move || t_string!(i18n, coach.item_state, what = text()).to_string())
                quiet_label=true choices=states chosen=state on_choose=set_state disabled=readonly
            />
        </li>
    }
}

/// Recording something new.
#[component]
fn AddItem(case: Case, document: Memo<Option<Document>>) -> impl IntoView {
    let i18n = use_i18n();
    let device = expect_context::<Device>();
    let kind = RwSignal::new(ItemKind::Action.code().to_owned());
    let (text, due, owner) =
        (RwSignal::new(String::new()), RwSignal::new(String::new()), RwSignal::new(String::new()));
    let kinds = Signal::derive(move || {
        ItemKind::ALL
            .into_iter()
            .map(|it| (it.code().to_owned(), words::item_kind(i18n, it).to_owned()))
            .collect::<Vec<_>>()
    });
    let people = Signal::derive(move || {
        let mut people = vec![(String::new(), t_string!(i18n, coach.item_both).to_string())];
        if let Some(trajectory) = case.trajectory() {
            for user in [Some(trajectory.employee), trajectory.coach()].into_iter().flatten() {
                people.push((user.to_string(), name_of(device, user).unwrap_or_default()));
            }
        }
        people
    });
    let add = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        let words = text.get_untracked();
        let (Some(document), Some(directory)) = (document.get_untracked(), untrack(|| device.directory()))
        else {
            return;
        };
        if words.trim().is_empty() {
            return;
        }
        let code = kind.get_untracked();
        let kind = ItemKind::ALL.into_iter().find(|it| it.code() == code).unwrap_or(ItemKind::Action);
        let (id, now, due_by) = (entry::id(device.random()), device.now_ms(), due.get_untracked());
        let new = NewItem {
            id: &id,
            kind,
            text: words.trim(),
            owner: owner.get_untracked().parse::<UserId>().ok(),
            due: (!due_by.is_empty()).then_some(due_by.as_str()),
            note: None,
            by: directory.me,
        };
        match document.edit(|doc| plan::add(doc, new, now)) {
            Ok(()) => {
                text.set(String::new());
                due.set(String::new());
            }
            Err(error) => leptos::logging::warn!("not added: {error}"),
        }
    };
    view! {
        <form class="stack no-print" on:submit=add>
            <h3>{t!(i18n, coach.item_what)}</h3>
            <ChoiceField
                id="item-kind" label=move || t_string!(i18n, coach.item_kind) across=true
                choices=kinds chosen=kind on_choose=Callback::new(move |code| kind.set(code))
            />
            <TextField id="item-text" label=move || t_string!(i18n, coach.item_text) value=text required=true/>
            <div class="row end">
                <SelectField
                    id="item-owner" label=move || t_string!(i18n, coach.item_owner)
                    choices=people chosen=owner on_choose=Callback::new(move |code| owner.set(code))
                />
                <div class="field">
                    <label for="item-due">{t!(i18n, coach.item_due_label)}</label>
                    <input
                        id="item-due" type="date" autocomplete="off"
                        prop:value=move || due.get() on:input=move |event| due.set(event_target_value(&event))
                    />
                </div>
                <button type="submit">{t!(i18n, coach.item_add)}</button>
            </div>
        </form>
    }
}
