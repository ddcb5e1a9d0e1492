//! Accessible building blocks on native elements.
