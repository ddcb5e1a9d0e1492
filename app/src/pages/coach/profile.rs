//! The coach's own profile: what the adviser searches by.

use leptos::prelude::*;
use leptos_i18n::I18nContext;
use shared::domain::coach_profile::{self, CoachProfile, ProfileSet, ProfileText};
use shared::domain::kind::DocKind;

use crate::components::{DocumentText, Page, WhoCanSee};
use crate::device::{Device, Document, EditError};
use crate::i18n::*;
use crate::pages::case::AlsoEdited;
use crate::pages::words;

/// The days a coach can choose from, as they are kept.
pub const DAYS: [&str; 5] = ["maandag", "dinsdag", "woensdag", "donderdag", "vrijdag"];

/// What a set is called.
pub fn set_words(i18n: I18nContext<Locale>, set: ProfileSet) -> &'static str {
    match set {
        ProfileSet::Expertise => t_string!(i18n, coach.profile_expertise),
        ProfileSet::Languages => t_string!(i18n, coach.profile_languages),
        ProfileSet::Days => t_string!(i18n, coach.profile_days),
        ProfileSet::Places => t_string!(i18n, coach.profile_places),
    }
}

/// The page.
#[component]
pub fn Profile() -> impl IntoView {
    let i18n = use_i18n();
    let device = expect_context::<Device>();
    let document = Memo::new(move |_| {
        let directory = device.directory()?;
        let mine = |it: &&shared::domain::directory::Document| {
            it.kind == DocKind::CoachProfile && it.owner == Some(directory.me)
        };
        directory.documents.iter().find(mine).map(|it| device.document(it.id))
    });
    let profile = Memo::new(move |_| document.get().and_then(|it| it.read(CoachProfile::read)));
    let text = move |which: ProfileText| {
        let value = Callback::new(move |()| {
            let found = profile.get()?;
            Some(match which {
                ProfileText::Approach => found.approach,
                ProfileText::About => found.about,
            })
        });
        let on_type = Callback::new(move |(old, new): (String, String)| {
            let document = document.get_untracked().ok_or(EditError::NotHere)?;
            document.type_in(|doc| coach_profile::change_text(doc, which, &old, &new))
        });
        (value, on_type)
    };
    let leave = Callback::new(move |()| {
        if let Some(document) = document.get_untracked() {
            document.flush();
        }
    });
    let ((about, type_about), (approach, type_approach)) =
        (text(ProfileText::About), text(ProfileText::Approach));
    let edit = move |change: &dyn Fn(
        &mut automerge::AutoCommit,
    ) -> Result<(), shared::domain::entry::WriteError>| {
        if let Some(document) = document.get_untracked()
            && let Err(error) = document.edit(|doc| change(doc))
        {
            leptos::logging::warn!("not changed: {error}");
        }
    };
    let set_capacity = move |event: web_sys::Event| {
        let capacity = event_target_value(&event).parse().ok();
        edit(&|doc| coach_profile::set_capacity(doc, capacity));
    };
    let set_paused = move |event: web_sys::Event| {
        let paused = event_target_checked(&event);
        edit(&|doc| coach_profile::set_paused(doc, paused));
    };
    let here = Memo::new(move |_| profile.with(Option::is_some));
    view! {
        <Page title=move || t_string!(i18n, coach.profile_title)>
            <p class="lead">{t!(i18n, coach.profile_lead)}</p>
            <Show when=move || here.get() fallback=move || view! { <p>{t!(i18n, common.not_here_yet)}</p> }>
                <DocumentText
                    id="about" label=move || t_string!(i18n, coach.profile_about)
                    value=about on_type=type_about on_leave=leave small=true
                />
                <DocumentText
                    id="approach" label=move || t_string!(i18n, coach.profile_approach)
                    value=approach on_type=type_approach on_leave=leave small=true
                />
                {ProfileSet::ALL.into_iter().map(|set| view! {
                    <Members set=set profile=profile document=document/>
                }).collect_view()}
                <div class="field">
                    <label for="capacity">{t!(i18n, coach.profile_capacity)}</label>
                    <input
                        id="capacity" type="number" autocomplete="off" min="0" max="50" inputmode="numeric"
                        prop:value=move || profile.with(|it| it.as_ref().and_then(|it| it.capacity)).map(|it| it.to_string()).unwrap_or_default()
                        on:change=set_capacity
                    />
                </div>
                <label class="choice">
                    <input
                        type="checkbox" autocomplete="off" disabled=move || device.is_suspended()
                        prop:checked=move || profile.with(|it| it.as_ref().is_some_and(|it| it.paused))
                        on:change=set_paused
                    />
                    {t!(i18n, coach.profile_paused)}
                </label>
                <AlsoEdited document=document/>
                <WhoCanSee document=Signal::derive(move || document.get().map(|it| it.id()))/>
            </Show>
        </Page>
    }
}

/// A set as boxes to tick, with a field to add one.
#[component]
fn Members(
    set: ProfileSet,
    profile: Memo<Option<CoachProfile>>,
    document: Memo<Option<Document>>,
) -> impl IntoView {
    let i18n = use_i18n();
    let device = expect_context::<Device>();
    let new = RwSignal::new(String::new());
    // What was taken out stays in sight until the page is left, so that it can be put back.
    let known = Memo::new(move |before: Option<&Vec<String>>| {
        let mut known = before.cloned().unwrap_or_else(|| match set {
            ProfileSet::Days => DAYS.iter().map(|&day| day.to_owned()).collect(),
            _ => Vec::new(),
        });
        let now = profile.with(|it| it.as_ref().map(|it| it.set(set).clone())).unwrap_or_default();
        for member in now {
            if !known.contains(&member) {
                known.push(member);
            }
        }
        known
    });
    let put = move |member: &str, within: bool| {
        if let Some(document) = document.get_untracked()
            && let Err(error) = document.edit(|doc| coach_profile::set_member(doc, set, member, within))
        {
            leptos::logging::warn!("not changed: {error}");
        }
    };
    let add = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        let member = new.get_untracked();
        if !member.trim().is_empty() {
            put(member.trim(), true);
            new.set(String::new());
        }
    };
    let field = format!("new-{}", set.code());
    view! {
        <fieldset class="field">
            <legend>{move || set_words(i18n, set)}</legend>
            <div class="choices across">
                <For each=move || known.get() key=Clone::clone let(member)>
                    {
                        let (mine, to_put) = (member.clone(), member.clone());
                        let shown = move || if set == ProfileSet::Days { words::day(i18n, &member) } else { member.clone() };
                        view! {
                            <label class="choice">
                                <input
                                    type="checkbox" autocomplete="off" disabled=move || device.is_suspended()
                                    prop:checked=move || profile.with(|it| it.as_ref().is_some_and(|it| it.set(set).contains(&mine)))
                                    on:change=move |event| put(&to_put, event_target_checked(&event))
                                />
                                {shown}
                            </label>
                        }
                    }
                </For>
            </div>
            {(set != ProfileSet::Days).then(|| view! {
                <form class="row end" on:submit=add>
                    <div class="field">
                        <label for=field.clone()>
                            {move || t_string!(i18n, coach.profile_add, what = set_words(i18n, set)).to_string()}
                        </label>
                        <input
                            id=field type="text" autocomplete="off"
                            prop:value=move || new.get() on:input=move |event| new.set(event_target_value(&event))
                        />
                    </div>
                    <button type="submit">{t!(i18n, common.add)}</button>
                </form>
            })}
        </fieldset>
    }
}
