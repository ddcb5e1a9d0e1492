//! One folder per role, one file per page.

pub mod employee;
