//! Language and colours, kept outside the vault since they say nothing about anybody.

use leptos::prelude::*;
use leptos_i18n::I18nContext;

use crate::device::keeping::{keep, kept};
use crate::i18n::*;

const LANGUAGE: &str = "language";
const THEME: &str = "theme";

/// Light or dark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Theme {
    /// As the device is set.
    #[default]
    System,
    /// Always light.
    Light,
    /// Always dark.
    Dark,
}

impl Theme {
    /// Every choice, in the order shown.
    pub const ALL: [Self; 3] = [Self::System, Self::Light, Self::Dark];

    /// The name it is kept under.
    pub fn code(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// The choice of that [`code`](Self::code).
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|theme| theme.code() == code)
    }
}

/// What this person prefers on this device.
#[derive(Clone, Copy)]
pub struct Preferences {
    theme: RwSignal<Theme>,
    language: RwSignal<Locale>,
}

impl Preferences {
    /// Reads what is kept, applies it from now on and puts it in the context.
    pub fn provide(i18n: I18nContext<Locale>) {
        // Dutch first, whatever the browser speaks: the organisation's papers are Dutch too.
        let language = kept::<String>(LANGUAGE);
        let language = if language.as_deref() == Some("en") { Locale::en } else { Locale::nl };
        let theme = kept::<String>(THEME).and_then(|code| Theme::from_code(&code)).unwrap_or_default();
        let this = Self { theme: RwSignal::new(theme), language: RwSignal::new(language) };
        i18n.set_locale(language);
        // The context follows the languages of the browser, for the first time after this: what was chosen goes first.
        Effect::new(move |_| {
            let language = this.language.get();
            if i18n.get_locale() != language {
                i18n.set_locale(language);
            }
        });
        Effect::new(move |_| {
            if let Some(html) = document().document_element() {
                // The document's own element takes any attribute.
                let _ = html.set_attribute("lang", i18n.get_locale().as_str());
            }
        });
        Effect::new(move |_| {
            if let Some(html) = document().document_element() {
                let _ = match this.theme.get() {
                    Theme::System => html.remove_attribute("data-theme"),
                    theme => html.set_attribute("data-theme", theme.code()),
                };
            }
        });
        provide_context(this);
    }

    /// The colours. Tracked.
    pub fn theme(self) -> Theme {
        self.theme.get()
    }

    /// Sets the colours.
    pub fn set_theme(self, theme: Theme) {
        self.theme.set(theme);
        keep(THEME, theme.code());
    }

    /// Sets the language.
    pub fn set_language(self, locale: Locale) {
        self.language.set(locale);
        keep(LANGUAGE, locale.as_str());
    }
}
