//! The program `loopbaanmaat`, for the tests that need it as a process.

use std::process::ExitCode;

fn main() -> ExitCode {
    server::cli::main()
}
