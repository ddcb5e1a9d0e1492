//! The drills of `make drill`, short, against a server process that is built with these tests.
// A test fails where it unwraps.
#![allow(clippy::unwrap_used)]

use std::path::Path;

use tempfile::TempDir;
use tests::drill::{self, Ground, Outcome};

fn ground() -> (TempDir, Ground) {
    let folder = tempfile::tempdir().unwrap();
    let binary = Path::new(env!("CARGO_BIN_EXE_server-under-test")).to_owned();
    let data = folder.path().join("data");
    (folder, Ground { binary, data })
}

fn nothing_lost(outcome: &Outcome) {
    println!("{outcome}");
    assert!(outcome.acknowledged > 0);
    assert_eq!(outcome.lost, 0, "{outcome}");
}

#[tokio::test]
async fn killed_while_it_is_written_to_it_loses_nothing() {
    let (_folder, ground) = ground();
    nothing_lost(&drill::kills(&ground, 6).await);
}

#[tokio::test]
async fn a_full_disk_loses_nothing() {
    let (_folder, ground) = ground();
    nothing_lost(&drill::full_disk(&ground, 2).await);
}

#[tokio::test]
async fn a_database_that_another_process_holds_loses_nothing() {
    let (_folder, ground) = ground();
    nothing_lost(&drill::locked_out(&ground).await);
}

#[tokio::test]
async fn held_still_it_loses_nothing() {
    let (_folder, ground) = ground();
    nothing_lost(&drill::held_still(&ground, 1).await);
}

#[tokio::test]
async fn stopped_while_it_is_written_to_it_says_so_and_loses_nothing() {
    let (_folder, ground) = ground();
    nothing_lost(&drill::stops(&ground, 2).await);
}

#[tokio::test]
async fn an_older_copy_put_back_loses_nothing_that_a_device_holds() {
    let (_folder, ground) = ground();
    nothing_lost(&drill::restored(&ground, 1).await);
}

#[tokio::test]
async fn who_does_not_read_is_cut_and_catches_up() {
    let (_folder, ground) = ground();
    nothing_lost(&drill::slow_reader(&ground).await);
}
