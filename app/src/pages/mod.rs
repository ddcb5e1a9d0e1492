//! One folder per role, one file per page.

pub mod account_words;
pub mod admin;
pub mod adviser;
mod case;
pub mod coach;
pub mod employee;
pub mod everyone;
mod handover;
pub mod my_data;
pub mod pool;
mod reflection;
mod words;
