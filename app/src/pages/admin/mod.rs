//! The administrator's pages: people and devices, never content.

mod asking;
mod audit;
mod invite;
mod people;
mod person;
mod retention;
mod roles_field;
mod roster;
mod second_factor;
mod shown_link;

pub use audit::Audit;
pub use people::People;
pub use person::OnePerson;
pub use retention::Retention;
