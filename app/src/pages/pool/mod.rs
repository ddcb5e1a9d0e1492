//! Pages of the coach pool: the training programme and the practice.

mod practice;
mod programme;

pub use practice::Practice;
pub use programme::Programme;
