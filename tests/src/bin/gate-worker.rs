//! The worker for a server that runs inside a test.

use std::process::ExitCode;

use server::gate::worker::{self, Role};

fn main() -> ExitCode {
    let role = std::env::args().nth(2).and_then(|word| Role::from_argument(&word));
    role.map_or(ExitCode::FAILURE, worker::main)
}
