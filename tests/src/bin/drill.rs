//! `make drill`: what must not lose anything is done to the real server, over and over.
// A drill that cannot go on has failed.
#![allow(clippy::unwrap_used)]

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use tests::drill::{self, Ground, Outcome};
use tests::load::ServerProcess;

/// Kills, starves, stops and holds the server still while devices write, and counts what got lost.
#[derive(Debug, Parser)]
struct Args {
    /// How often the server is killed
    #[arg(long, default_value_t = 500)]
    kills: usize,
    /// How often each of the other things is done
    #[arg(long, default_value_t = 5)]
    times: usize,
    /// Only drills with this in their name
    #[arg(default_value = "")]
    only: String,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let args = Args::parse();
    let binary = ServerProcess::binary();
    println!("Drills against {}", binary.display());
    let mut lost = 0;
    for name in ["kills", "full-disk", "locked-out", "held-still", "stops", "slow-reader", "restored"] {
        if !name.contains(&args.only) {
            continue;
        }
        let folder = tempfile::tempdir().unwrap();
        let ground = Ground { binary: binary.clone(), data: folder.path().join("data") };
        let began = Instant::now();
        let outcome = run(name, &ground, &args).await;
        println!("  {outcome} ({:.0} s)", began.elapsed().as_secs_f64());
        if outcome.lost > 0 {
            let kept: PathBuf = folder.keep();
            println!("  its data is kept in {}", kept.display());
        }
        lost += outcome.lost;
    }
    println!("{lost} acknowledged items lost");
    if lost == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

async fn run(name: &str, ground: &Ground, args: &Args) -> Outcome {
    match name {
        "kills" => drill::kills(ground, args.kills).await,
        "full-disk" => drill::full_disk(ground, args.times).await,
        "locked-out" => drill::locked_out(ground).await,
        "held-still" => drill::held_still(ground, args.times).await,
        "stops" => drill::stops(ground, args.times).await,
        "restored" => drill::restored(ground, args.times).await,
        _ => drill::slow_reader(ground).await,
    }
}
