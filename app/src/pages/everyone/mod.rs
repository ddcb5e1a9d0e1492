//! Pages for everybody, and the doors: sign-in, passphrase, unlock.

mod change_passphrase;
mod change_password;
mod damaged;
mod devices;
mod forgotten;
mod held;
mod link;
mod new_passphrase;
mod new_password;
mod not_found;
mod passphrase;
mod privacy;
mod privacy_text;
mod provider;
mod second_step;
mod settings;
mod sign_in;
mod unlock;
mod wipe_offer;

pub use damaged::{DamagedVault, NotEmptied};
pub use devices::Devices;
pub use forgotten::ForgottenPassword;
pub use held::Held;
pub use link::{Invitation, ResetPassword};
pub use not_found::{NotFound, StorageFailed};
pub use passphrase::ChoosePassphrase;
pub use privacy::Privacy;
pub use second_step::{FactorRemoved, SecondStep};
pub use settings::Settings;
pub use sign_in::SignIn;
pub use unlock::Unlock;
