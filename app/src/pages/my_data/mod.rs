//! *Mijn gegevens* and *Verzoeken*: what is kept by and about a person, taking it along, having it erased, and asking what
//! others keep.

mod asking;
mod export;
mod found;
mod html;
mod mine;
mod overseeing;
mod pace;
mod page;
mod readable;
mod requests;
mod search;
mod take_along;
mod words;
mod zip;

pub use page::MyData;
pub use requests::{Requests, has_requests};
