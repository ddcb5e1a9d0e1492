//! The little that is kept in clear, outside the database: language, colours, notices that were read. It says nothing about
//! anybody. A device that keeps nothing keeps nothing of it either.

use std::cell::Cell;

use gloo_storage::{LocalStorage, Storage as _};
use serde::Serialize;
use serde::de::DeserializeOwned;

thread_local! {
    static KEEPS: Cell<bool> = const { Cell::new(true) };
}

/// From now on this page keeps nothing.
pub fn keep_nothing() {
    KEEPS.set(false);
}

/// Whether this page may keep something.
#[must_use]
pub fn keeps() -> bool {
    KEEPS.get()
}

/// What is kept under that name.
#[must_use]
pub fn kept<T: DeserializeOwned>(name: &str) -> Option<T> {
    if keeps() { LocalStorage::get(name).ok() } else { None }
}

/// Keeps something under that name; where the page keeps nothing, or the browser does not, it is had for this visit.
pub fn keep<T: Serialize>(name: &str, value: T) {
    if keeps() {
        let _ = LocalStorage::set(name, value);
    }
}

/// Lets go of everything that is kept.
pub fn let_go_of_all() {
    if keeps() {
        LocalStorage::clear();
    }
}
