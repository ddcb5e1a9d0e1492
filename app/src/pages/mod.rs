//! One folder per role, one file per page.

pub mod admin;
pub mod adviser;
mod case;
pub mod coach;
pub mod employee;
pub mod everyone;
pub mod pool;
mod reflection;
mod words;
