//! Mounts the client; nothing else.

mod components;
mod device;
mod pages;
mod session;
mod shell;

include!(concat!(env!("OUT_DIR"), "/i18n/mod.rs"));

fn main() {
    console_error_panic_hook::set_once();
    leptos::mount::mount_to_body(shell::App);
}
