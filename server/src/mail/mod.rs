//! Mail: links to their people, and nothing else. No request waits for a mail server: letters are queued, and sent
//! by a task of its own.

mod letter;
mod queue;
mod settings;

pub use letter::Letter;
pub use queue::{Mail, run};
pub use settings::{MailSettings, MailSettingsError, Secret};
