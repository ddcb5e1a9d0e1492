//! The words of the glossary as types.

pub mod audit;
pub mod coach_profile;
pub mod command;
pub mod directory;
pub mod entry;
pub mod erasure;
pub mod genesis;
pub mod kind;
pub mod lifecycle;
pub mod notes;
pub mod plan;
pub mod practice;
pub mod programme;
pub mod progress;
pub mod read;
pub mod reflection;
pub mod reflection_form;
pub mod request;
pub mod retention;
pub mod role;
pub mod shape;
pub mod template;
pub mod text;
