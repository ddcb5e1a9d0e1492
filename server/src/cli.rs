//! The command line.

mod audit;
mod backup;
mod provider;
mod quarantine;
mod retention;
mod serve;
mod user;

use std::error::Error;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand, ValueEnum};

use self::provider::ProviderArgs;
use crate::gate;
use crate::gate::worker::Role;

/// Career guidance by colleagues: employees, coaches and the career adviser, with or without a network.
#[derive(Debug, Parser)]
#[command(
    name = "loopbaanmaat",
    version,
    after_help = "\
Examples:
  Look around with made-up people; nothing leaves this machine:
    loopbaanmaat serve --demo --data ./demo

  For real, behind a proxy that speaks https:
    loopbaanmaat user add adviseur@gemeente.example 'Noor de Vries' --role career-adviser
    loopbaanmaat serve --public-url https://loopbaan.gemeente.example

Everything is kept in one folder (--data). Every option of `serve` can also be set in the environment."
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the product: the client, its API and sync, from this one program
    #[command(after_help = "\
Examples:
  loopbaanmaat serve                                   on http://127.0.0.1:8080, data in ./data
  loopbaanmaat serve --demo --listen 127.0.0.1:0       the demo on any free port
  loopbaanmaat serve --listen 0.0.0.0:8080 --public-url https://loopbaan.gemeente.example

On the first line of its output the server says where it listens. Logs go to standard error.
Ctrl-C or SIGTERM stops it: what was acknowledged is on the disk.")]
    Serve(Box<ServeArgs>),
    /// Make, invite, list, change and disable accounts
    #[command(after_help = "\
Examples:
  loopbaanmaat user add fatima@gemeente.example 'Fatima El Amrani' --role internal-coach --unit Burgerzaken
  loopbaanmaat user invite sanne@gemeente.example 'Sanne Bakker' --public-url https://loopbaan.gemeente.example
  loopbaanmaat user list
  loopbaanmaat user set-roles fatima@gemeente.example --role internal-coach --role trainer
  loopbaanmaat user reset-password fatima@gemeente.example
  loopbaanmaat user reset-second-factor fatima@gemeente.example
  loopbaanmaat user disable fatima@gemeente.example

Works while the server runs. Everybody is an employee; --role says what somebody is besides.")]
    User {
        #[command(flatten)]
        data: DataArgs,
        #[command(subcommand)]
        command: user::UserCommand,
    },
    /// Look at changes that no device may have, and take them out of quarantine
    #[command(after_help = "\
Examples:
  loopbaanmaat quarantine list
  loopbaanmaat quarantine show pV3Jx…
  loopbaanmaat quarantine release pV3Jx…

Works while the server runs. What brings a worker down is refused and kept here, and is not tried again. What is
found harmful after storing is void on every device, and the device that wrote it may not write until released.")]
    Quarantine {
        #[command(flatten)]
        data: DataArgs,
        #[command(subcommand)]
        command: quarantine::QuarantineCommand,
    },
    /// Copy everything into one file, sound and whole, also while the server runs
    #[command(after_help = "\
Examples:
  loopbaanmaat backup /var/backups/loopbaanmaat        a new file in that folder, named after the moment
  loopbaanmaat backup /var/backups/today.sqlite

Beside it a file .head says where its audit log ends. Only this account can read either.
The deletion list (*.destroyed, in the data folder) is not in it: that is what keeps a backup from bringing back what
was destroyed. Keep a copy of it elsewhere too.")]
    Backup(backup::BackupArgs),
    /// Put a backup back; what was destroyed since then stays destroyed
    #[command(after_help = "\
Examples:
  loopbaanmaat restore /var/backups/loopbaanmaat/loopbaanmaat-202611250415-00000.sqlite
  loopbaanmaat restore today.sqlite --deletion-list /mnt/elsewhere/loopbaanmaat.destroyed

Stop the server first. What is there now is kept beside it. Everybody signs in again, and devices bring back what they
hold and the backup lacks.")]
    Restore(backup::RestoreArgs),
    /// Look whether the audit log is what was written, where it ends, and what is in it
    #[command(after_help = "\
Examples:
  loopbaanmaat audit head
  loopbaanmaat audit verify --head /var/backups/loopbaanmaat/loopbaanmaat-202611250415-00000.sqlite.head
  loopbaanmaat audit export > logboek.csv

Works while the server runs. Without a head that was kept elsewhere nobody can see that the end was cut off, or that
the whole log was written anew.")]
    Audit {
        #[command(flatten)]
        data: DataArgs,
        #[command(subcommand)]
        command: audit::AuditCommand,
    },
    /// Say what is destroyed when, and destroy what is due now
    Retention {
        #[command(flatten)]
        data: DataArgs,
        #[command(subcommand)]
        command: retention::RetentionCommand,
    },
    /// Decode changes for a server, which starts this itself
    #[command(name = gate::worker::ARGUMENT, hide = true)]
    GateWorker {
        /// What for
        #[arg(value_parser = worker_role)]
        role: Role,
    },
}

/// Where everything is kept.
#[derive(Debug, Args)]
struct DataArgs {
    /// The folder with the database; `serve` and `user add` make it if it is missing
    #[arg(long, env = "LOOPBAANMAAT_DATA", default_value = "data", value_name = "FOLDER", global = true)]
    data: PathBuf,
}

#[derive(Debug, Args)]
struct ServeArgs {
    /// The address to listen on; port 0 takes a free one
    #[arg(long, env = "LOOPBAANMAAT_LISTEN", default_value = "127.0.0.1:8080", value_name = "ADDRESS:PORT")]
    listen: SocketAddr,
    #[command(flatten)]
    data: DataArgs,
    /// The address that people type, like https://loopbaan.gemeente.example; needed unless only this machine
    /// can reach the server
    #[arg(long, env = "LOOPBAANMAAT_PUBLIC_URL", value_name = "URL")]
    public_url: Option<String>,
    /// The address of a proxy that says for whom it asks, where it is not on this machine; can be given more than once.
    /// What others write in X-Forwarded-For is not looked at
    #[arg(
        long = "trusted-proxy",
        env = "LOOPBAANMAAT_TRUSTED_PROXY",
        value_delimiter = ',',
        value_name = "ADDRESS"
    )]
    trusted_proxies: Vec<IpAddr>,
    /// Serve the client from this folder instead of the one that is built in, for who works on it
    #[arg(long, env = "LOOPBAANMAAT_DIST", value_name = "FOLDER")]
    dist: Option<PathBuf>,
    /// Fill an empty database with the made-up Gemeente Voorbeeld; on loopback addresses only
    #[arg(long, env = "LOOPBAANMAAT_DEMO")]
    demo: bool,
    /// The server that mail goes out by: smtps://…, or smtp://… (TLS after the greeting, but on this machine);
    /// without it, links are shown to the administrator who makes them
    #[arg(long, env = "LOOPBAANMAAT_SMTP_URL", value_name = "URL")]
    smtp_url: Option<String>,
    /// The name to sign in with there; the password comes from a file or from LOOPBAANMAAT_SMTP_PASSWORD
    #[arg(long, env = "LOOPBAANMAAT_SMTP_USER", value_name = "NAME")]
    smtp_user: Option<String>,
    /// The file whose first line is the password to sign in with there
    #[arg(long, env = "LOOPBAANMAAT_SMTP_PASSWORD_FILE", value_name = "FILE")]
    smtp_password_file: Option<PathBuf>,
    /// The address that mail comes from, like 'Loopbaanmaat <loopbaan@gemeente.example>'
    #[arg(long, env = "LOOPBAANMAAT_MAIL_FROM", value_name = "ADDRESS")]
    mail_from: Option<String>,
    /// Milliseconds after which a letter that was not taken is tried again for the first time; for tests
    #[arg(long, hide = true, value_name = "MS")]
    mail_retry: Option<u64>,
    #[command(flatten)]
    provider: ProviderArgs,
    /// Seconds after which a log that has grown is applied on trial; for tests
    #[arg(long, hide = true, value_name = "SECONDS")]
    trial_after: Option<u64>,
    /// Items by which a log grows before a snapshot is made of it; for tests
    #[arg(long, hide = true, value_name = "ITEMS")]
    snapshot_after: Option<u64>,
    /// Seconds for which what a snapshot covers is kept; for tests
    #[arg(long, hide = true, value_name = "SECONDS")]
    snapshot_grace: Option<u64>,
    /// How logs are written
    #[arg(long, env = "LOOPBAANMAAT_LOG_FORMAT", value_enum, default_value_t = LogFormat::Text)]
    log_format: LogFormat,
    /// What is logged: error, warn, info, debug or trace, also per part (server=debug,sqlx=warn)
    #[arg(long, env = "LOOPBAANMAAT_LOG", default_value = "info", value_name = "FILTER")]
    log: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum LogFormat {
    /// One line for people
    Text,
    /// One JSON object a line, for machines
    Json,
}

/// Runs what the command line asks for.
#[must_use]
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    if let Command::GateWorker { role } = cli.command {
        // Before there is a runtime with threads of its own.
        return gate::worker::main(role);
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return told(&error),
    };
    let outcome: Result<(), Box<dyn Error>> = runtime.block_on(async {
        match cli.command {
            Command::Serve(args) => serve::run(*args).await.map_err(Into::into),
            Command::User { data, command } => user::run(&data.data, command).await.map_err(Into::into),
            Command::Quarantine { data, command } => {
                quarantine::run(&data.data, command).await.map_err(Into::into)
            }
            Command::Backup(args) => backup::back_up(args).await.map_err(Into::into),
            Command::Restore(args) => backup::put_back(args).await.map_err(Into::into),
            Command::Audit { data, command } => audit::run(&data.data, command).await.map_err(Into::into),
            Command::Retention { data, command } => {
                retention::run(&data.data, command).await.map_err(Into::into)
            }
            Command::GateWorker { .. } => Ok(()),
        }
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => told(&*error),
    }
}

fn worker_role(word: &str) -> Result<Role, String> {
    Role::from_argument(word).ok_or_else(|| "the server knows which".to_owned())
}

fn told(error: &dyn Error) -> ExitCode {
    eprintln!("loopbaanmaat: {error}");
    ExitCode::FAILURE
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }
}
