//! The words of the glossary as types.

pub mod command;
pub mod directory;
pub mod genesis;
pub mod kind;
pub mod lifecycle;
pub mod reflection_form;
pub mod role;
pub mod shape;
