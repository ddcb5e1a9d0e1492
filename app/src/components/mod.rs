//! Accessible building blocks on native elements. A page is made of these and of plain HTML.

mod audience;
mod document_name;
mod document_text;
mod due_soon;
mod fields;
mod file;
mod install;
mod moment;
mod notice;
mod page;
mod revoke;
mod set_aside;
mod undo;
mod who_can_see;

pub use audience::{Audience, AudienceSection};
pub use document_name::document_name;
pub use document_text::DocumentText;
pub use due_soon::DueSoon;
pub use fields::{ChoiceField, PasswordField, SelectField, TextField};
pub use file::{save_bytes, save_file};
pub use install::{InstallInvitation, InstallOffer};
pub use moment::{
    Day, Moment, day_of_input, day_text, input_of_day, input_of_moment, moment_of_input, same_day, time_text,
};
pub use notice::{Empty, Notice, Tone};
pub use page::{Arrivals, Page};
pub use revoke::RevokeDialog;
pub use set_aside::SetAside;
pub use undo::{Undo, UndoToast};
pub use who_can_see::WhoCanSee;
