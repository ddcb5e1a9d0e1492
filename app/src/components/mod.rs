//! Accessible building blocks on native elements. A page is made of these and of plain HTML.

mod audience;
mod document_text;
mod fields;
mod file;
mod install;
mod moment;
mod notice;
mod page;
mod revoke;
mod undo;
mod who_can_see;

pub use audience::{Audience, AudienceSection};
pub use document_text::DocumentText;
pub use fields::{ChoiceField, PasswordField, SelectField, TextField};
pub use file::save_file;
pub use install::{InstallInvitation, InstallOffer};
pub use moment::{
    Day, Moment, day_of_input, day_text, input_of_moment, moment_of_input, same_day, time_text,
};
pub use notice::{Empty, Notice, Tone};
pub use page::{Arrivals, Page};
pub use revoke::RevokeDialog;
pub use undo::{Undo, UndoToast};
pub use who_can_see::WhoCanSee;
