//! How this organisation does career guidance: pages that the adviser keeps and the pool reads.

use leptos::prelude::*;
use shared::domain::entry;
use shared::domain::kind::DocKind;
use shared::domain::practice;

use crate::components::{DocumentText, Empty, Page, TextField, WhoCanSee};
use crate::device::{Device, Document, EditError};
use crate::i18n::*;
use crate::pages::case::{AlsoEdited, is_read_only};

/// The page.
#[component]
pub fn Practice() -> impl IntoView {
    let i18n = use_i18n();
    let device = expect_context::<Device>();
    let document = Memo::new(move |_| device.documents_of(DocKind::Practice, None).into_iter().next());
    let found = Memo::new(move |_| {
        document.get().and_then(|it| it.read(practice::Practice::read)).unwrap_or_default()
    });
    let readonly = Memo::new(move |_| is_read_only(document.get()));
    let here = Memo::new(move |_| document.get().is_some());
    view! {
        <Page title=move || t_string!(i18n, admin.practice)>
            <p class="lead">{t!(i18n, admin.practice_lead)}</p>
            <Show when=move || found.with(|it| it.pages.is_empty())>
                <Empty><p>{t!(i18n, admin.no_pages)}</p></Empty>
            </Show>
            <For
                each=move || found.get().pages.into_iter().filter(|it| it.stamp.is_shown())
                key=|page| page.id.clone()
                let(page)
            >
                <OnePage id=page.id found=found document=document readonly=readonly/>
            </For>
            <Show when=move || here.get() && !readonly.get()><AddPage document=document/></Show>
            <Show when=move || here.get()>
                <AlsoEdited document=document/>
                <WhoCanSee document=Signal::derive(move || document.get().map(|it| it.id()))/>
            </Show>
        </Page>
    }
}

#[component]
fn OnePage(
    id: String,
    found: Memo<practice::Practice>,
    document: Memo<Option<Document>>,
    readonly: Memo<bool>,
) -> impl IntoView {
    let i18n = use_i18n();
    let device = expect_context::<Device>();
    let field = format!("page-{id}");
    let id = StoredValue::new(id);
    let page = Memo::new(move |_| {
        found.with(|it| id.with_value(|id| it.pages.iter().find(|page| page.id == *id).cloned()))
    });
    let title = move || page.get().map(|it| it.title).unwrap_or_default();
    let value = Callback::new(move |()| page.get().map(|it| it.text));
    let on_type = Callback::new(move |(old, new): (String, String)| {
        let document = document.get_untracked().ok_or(EditError::NotHere)?;
        let now = device.now_ms();
        document.type_in(|doc| practice::change_text(doc, &id.get_value(), &old, &new, now))
    });
    let leave = Callback::new(move |()| {
        if let Some(document) = document.get_untracked() {
            document.flush();
        }
    });
    view! {
        <section class="stack tight">
            <h2>{title}</h2>
            <Show
                when=move || !readonly.get()
                fallback=move || view! { <p class="prose">{move || page.get().map(|it| it.text)}</p> }
            >
                <DocumentText
                    id=field.clone() quiet_label=true
                    label=move || t_string!(i18n, admin.page_text, title = title()).to_string()
                    value=value on_type=on_type on_leave=leave small=true
                />
            </Show>
        </section>
    }
}

#[component]
fn AddPage(document: Memo<Option<Document>>) -> impl IntoView {
    let i18n = use_i18n();
    let device = expect_context::<Device>();
    let title = RwSignal::new(String::new());
    let add = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        let words = title.get_untracked();
        let Some(document) = document.get_untracked() else { return };
        if words.trim().is_empty() {
            return;
        }
        let (id, now) = (entry::id(device.random()), device.now_ms());
        match document.edit(|doc| practice::add_page(doc, &id, words.trim(), now)) {
            Ok(()) => title.set(String::new()),
            Err(error) => leptos::logging::warn!("not added: {error}"),
        }
    };
    view! {
        <form class="stack no-print" on:submit=add>
            <h2>{t!(i18n, admin.add_page)}</h2>
            <TextField id="page-title" label=move || t_string!(i18n, admin.page_title) value=title required=true/>
            <div class="row"><button type="submit">{t!(i18n, common.add)}</button></div>
        </form>
    }
}
