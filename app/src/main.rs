//! Mounts the client; nothing else.

mod components;
mod device;
mod pages;
mod session;
mod shell;

include!(concat!(env!("OUT_DIR"), "/i18n/mod.rs"));

fn main() {
    shell::watch_for_a_fall();
    leptos::mount::mount_to_body(shell::App);
}
