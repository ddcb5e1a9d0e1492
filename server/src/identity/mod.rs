//! Who is at the door: passwords and links to choose them, second factors, passkeys, throttling, challenges, devices and
//! sessions.

pub mod challenges;
pub mod choosing;
pub mod forgotten;
pub mod links;
pub mod network;
pub mod oidc;
pub mod passkeys;
pub mod passwords;
pub mod provider;
pub mod recovery;
pub mod sealing;
pub mod second_factor;
pub mod sessions;
pub mod shared_devices;
pub mod sign_in;
pub mod throttle;
pub mod totp;
