//! For whom a text is: always with the word, in its own place, in its own colour.

use leptos::prelude::*;

use super::WhoCanSee;
use crate::i18n::*;
use shared::ids::DocId;

/// Who reads a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Audience {
    /// The writer alone.
    Private,
    /// Every career adviser.
    Advisers,
    /// Coach and employee.
    Shared,
    /// Coach, employee and adviser; no content.
    Progress,
}

impl Audience {
    fn class(self) -> &'static str {
        match self {
            Self::Private | Self::Advisers => "audience private",
            Self::Shared => "audience shared",
            Self::Progress => "audience progress",
        }
    }

    fn code(self) -> &'static str {
        match self {
            Self::Private => "private",
            Self::Advisers => "advisers",
            Self::Shared => "shared",
            Self::Progress => "progress",
        }
    }
}

/// A part of a page that belongs to one audience.
#[component]
pub fn AudienceSection(
    audience: Audience,
    /// The document in which this part is kept, to say who can see it.
    #[prop(into)]
    document: Signal<Option<DocId>>,
    /// Whom it is shared with, by name, where that is known.
    #[prop(into, default = Signal::stored(String::new()))]
    with: Signal<String>,
    children: Children,
) -> impl IntoView {
    let i18n = use_i18n();
    let heading = format!("audience-{}", audience.code());
    let labelled_by = heading.clone();
    let words = move || match audience {
        Audience::Private => t_string!(i18n, common.audience_private).to_string(),
        Audience::Advisers => t_string!(i18n, common.audience_adviser).to_string(),
        Audience::Shared if with.with(String::is_empty) => {
            t_string!(i18n, common.audience_shared).to_string()
        }
        Audience::Shared => t_string!(i18n, common.audience_shared_with, name = with.get()).to_string(),
        Audience::Progress => t_string!(i18n, common.audience_progress).to_string(),
    };
    let explained = move || match audience {
        Audience::Private => t_string!(i18n, common.audience_private_hint),
        Audience::Advisers => t_string!(i18n, common.audience_adviser_hint),
        Audience::Shared => t_string!(i18n, common.audience_shared_hint),
        Audience::Progress => t_string!(i18n, common.audience_progress_hint),
    };
    view! {
        <section class=audience.class() aria-labelledby=labelled_by>
            <div class="heading">
                <h2 id=heading>{words}</h2>
                <span class="small">{explained}</span>
            </div>
            {children()}
            <WhoCanSee document=document/>
        </section>
    }
}
