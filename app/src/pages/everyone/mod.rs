//! Pages for everybody, and the doors: sign-in, passphrase, unlock.

mod devices;
mod not_found;
mod passphrase;
mod privacy;
mod settings;
mod sign_in;
mod unlock;

pub use devices::Devices;
pub use not_found::{NotFound, StorageFailed};
pub use passphrase::ChoosePassphrase;
pub use privacy::Privacy;
pub use settings::Settings;
pub use sign_in::SignIn;
pub use unlock::Unlock;
