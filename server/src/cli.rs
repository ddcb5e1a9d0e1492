//! The command line.

mod quarantine;
mod serve;
mod user;

use std::error::Error;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand, ValueEnum};

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
    Serve(ServeArgs),
    /// Make, list and disable accounts
    #[command(after_help = "\
Examples:
  loopbaanmaat user add fatima@gemeente.example 'Fatima El Amrani' --role internal-coach --unit Burgerzaken
  loopbaanmaat user list
  loopbaanmaat user reset-password fatima@gemeente.example
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
    /// Serve the client from this folder instead of the one that is built in, for who works on it
    #[arg(long, env = "LOOPBAANMAAT_DIST", value_name = "FOLDER")]
    dist: Option<PathBuf>,
    /// Fill an empty database with the made-up Gemeente Voorbeeld; on loopback addresses only
    #[arg(long, env = "LOOPBAANMAAT_DEMO")]
    demo: bool,
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
            Command::Serve(args) => serve::run(args).await.map_err(Into::into),
            Command::User { data, command } => user::run(&data.data, command).await.map_err(Into::into),
            Command::Quarantine { data, command } => {
                quarantine::run(&data.data, command).await.map_err(Into::into)
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
