//! What the machine knows of one document.
