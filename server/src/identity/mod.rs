//! Who is at the door: passwords, throttling, challenges, devices and sessions.

pub mod challenges;
pub mod passwords;
pub mod sessions;
pub mod sign_in;
pub mod throttle;
