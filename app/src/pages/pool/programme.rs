//! The training programme: modules, what matters to whom, and the check-in afterwards.

use leptos::prelude::*;
use shared::domain::entry;
use shared::domain::kind::DocKind;
use shared::domain::programme::{self, Module, ModuleText, Topic};

use crate::components::{Day, DocumentText, Empty, Page, TextField, WhoCanSee, day_of_input};
use crate::device::{Device, Document, EditError};
use crate::i18n::*;
use crate::pages::case::AlsoEdited;

type Found = Memo<programme::Programme>;

/// The page.
#[component]
pub fn Programme() -> impl IntoView {
    let i18n = use_i18n();
    let device = expect_context::<Device>();
    let document = Memo::new(move |_| device.documents_of(DocKind::Programme, None).into_iter().next());
    let found: Found = Memo::new(move |_| {
        document.get().and_then(|it| it.read(programme::Programme::read)).unwrap_or_default()
    });
    view! {
        <Page title=move || t_string!(i18n, admin.programme)>
            <p class="lead">{t!(i18n, admin.programme_lead)}</p>
            <Show when=move || found.with(|it| it.modules.is_empty())>
                <Empty><p>{t!(i18n, admin.no_modules)}</p></Empty>
            </Show>
            <For
                each=move || found.get().modules.into_iter().filter(|it| it.stamp.is_shown())
                key=|module| module.id.clone()
                let(module)
            >
                <OneModule id=module.id found=found document=document/>
            </For>
            <Show when=move || document.get().is_some()>
                <AddModule document=document/>
                <AlsoEdited document=document/>
                <WhoCanSee document=Signal::derive(move || document.get().map(|it| it.id()))/>
            </Show>
        </Page>
    }
}

#[component]
fn OneModule(id: String, found: Found, document: Memo<Option<Document>>) -> impl IntoView {
    let i18n = use_i18n();
    let device = expect_context::<Device>();
    let fields = (format!("about-{id}"), format!("check-{id}"), format!("topic-{id}"));
    let id = StoredValue::new(id);
    let module = Memo::new(move |_| -> Option<Module> {
        found.with(|it| id.with_value(|id| it.modules.iter().find(|module| module.id == *id).cloned()))
    });
    let title = move || module.get().map(|it| it.title).unwrap_or_default();
    let topics = Memo::new(move |_| module.get().map(|it| it.topics).unwrap_or_default());
    let text = move |which: ModuleText| {
        let value = Callback::new(move |()| {
            module.get().map(|it| match which {
                ModuleText::Title => it.title,
                ModuleText::About => it.about,
                ModuleText::CheckIn => it.check_in,
            })
        });
        let on_type = Callback::new(move |(old, new): (String, String)| {
            let document = document.get_untracked().ok_or(EditError::NotHere)?;
            let now = device.now_ms();
            document.type_in(|doc| programme::change_module(doc, &id.get_value(), which, &old, &new, now))
        });
        (value, on_type)
    };
    let leave = Callback::new(move |()| {
        if let Some(document) = document.get_untracked() {
            document.flush();
        }
    });
    let ((about, type_about), (check_in, type_check_in)) =
        (text(ModuleText::About), text(ModuleText::CheckIn));
    let new = RwSignal::new(String::new());
    let add = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        let words = new.get_untracked();
        let Some(document) = document.get_untracked() else { return };
        if words.trim().is_empty() {
            return;
        }
        let (topic, now) = (entry::id(device.random()), device.now_ms());
        match document.edit(|doc| programme::add_topic(doc, &id.get_value(), &topic, words.trim(), now)) {
            Ok(()) => new.set(String::new()),
            Err(error) => leptos::logging::warn!("not added: {error}"),
        }
    };
    view! {
        <section class="stack">
            <h2>{title}</h2>
            {move || module.get().and_then(|it| it.at).map(|at| view! { <p class="soft"><Day at=at/></p> })}
            <DocumentText
                id=fields.0 label=move || t_string!(i18n, admin.about_module)
                value=about on_type=type_about on_leave=leave small=true
            />
            <h3>{t!(i18n, admin.topics)}</h3>
            <ul class="things">
                <For each=move || topics.get() key=|topic| (topic.id.clone(), topic.title.clone(), topic.votes.clone()) let(topic)>
                    <OneTopic topic=topic module=id document=document/>
                </For>
            </ul>
            <form class="row end no-print" on:submit=add>
                <div class="field">
                    <label for=fields.2.clone()>
                        {move || t_string!(i18n, admin.add_topic, title = title()).to_string()}
                    </label>
                    <input
                        id=fields.2 type="text" autocomplete="off"
                        prop:value=move || new.get() on:input=move |event| new.set(event_target_value(&event))
                    />
                </div>
                <button type="submit">{t!(i18n, common.add)}</button>
            </form>
            <DocumentText
                id=fields.1 label=move || t_string!(i18n, admin.check_in)
                value=check_in on_type=type_check_in on_leave=leave small=true
            />
        </section>
    }
}

#[component]
fn OneTopic(topic: Topic, module: StoredValue<String>, document: Memo<Option<Document>>) -> impl IntoView {
    let i18n = use_i18n();
    let device = expect_context::<Device>();
    let me = untrack(|| device.directory()).map(|directory| directory.me);
    let (mine, count) = (me.is_some_and(|me| topic.votes.contains(&me)), topic.votes.len());
    let (id, title) = (topic.id, topic.title);
    let vote = move |event: web_sys::Event| {
        let (Some(document), Some(me)) = (document.get_untracked(), me) else { return };
        let important = event_target_checked(&event);
        if let Err(error) = document.edit(|doc| programme::vote(doc, &module.get_value(), &id, me, important))
        {
            leptos::logging::warn!("not changed: {error}");
        }
    };
    view! {
        <li>
            <label class="choice">
                <input
                    type="checkbox" autocomplete="off" disabled=move || device.is_suspended()
                    prop:checked=mine on:change=vote
                />
                {t!(i18n, admin.matters, title = title)}
            </label>
            <span class="small soft">{t!(i18n, admin.votes, count = count)}</span>
        </li>
    }
}

#[component]
fn AddModule(document: Memo<Option<Document>>) -> impl IntoView {
    let i18n = use_i18n();
    let device = expect_context::<Device>();
    let (title, when) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let add = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        let words = title.get_untracked();
        let Some(document) = document.get_untracked() else { return };
        if words.trim().is_empty() {
            return;
        }
        let (id, now, at) =
            (entry::id(device.random()), device.now_ms(), day_of_input(&when.get_untracked()));
        match document.edit(|doc| programme::add_module(doc, &id, words.trim(), at, now)) {
            Ok(()) => {
                title.set(String::new());
                when.set(String::new());
            }
            Err(error) => leptos::logging::warn!("not added: {error}"),
        }
    };
    view! {
        <form class="stack no-print" on:submit=add>
            <h2>{t!(i18n, admin.add_module)}</h2>
            <TextField id="module-title" label=move || t_string!(i18n, admin.module_title) value=title required=true/>
            <div class="row end">
                <div class="field">
                    <label for="module-when">{t!(i18n, admin.module_when)}</label>
                    <input
                        id="module-when" type="date" autocomplete="off"
                        prop:value=move || when.get() on:input=move |event| when.set(event_target_value(&event))
                    />
                </div>
                <button type="submit">{t!(i18n, common.add)}</button>
            </div>
        </form>
    }
}
