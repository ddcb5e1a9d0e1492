//! Makes the module of translations from `i18n/{nl,en}/*.json`; a key that one language lacks is a warning.

use std::error::Error;
use std::path::PathBuf;

use leptos_i18n_build::options::CodegenOptions;
use leptos_i18n_build::{Config, ParseOptions, TranslationsInfos};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=i18n");
    let module = PathBuf::from(std::env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?).join("i18n");
    let config = Config::new("nl")?
        .add_locale("en")?
        .add_namespaces([
            "common",
            "session",
            "employee",
            "coach",
            "adviser",
            "admin",
            "account",
            "factor",
            "vault",
            "mydata",
            "audit",
            "retention",
            "access",
        ])?
        .locales_path("i18n")
        .parse_options(ParseOptions::default().interpolate_display(true));
    let translations = TranslationsInfos::parse(config)?;
    translations.emit_diagnostics();
    translations.rerun_if_locales_changed();
    // The workspace's lints are for what people write.
    let quiet = "#![allow(missing_docs, unused_qualifications, clippy::all, clippy::pedantic)]".parse()?;
    let options = CodegenOptions::default().top_level_attributes(Some(quiet));
    translations.generate_i18n_module_with_options(module, options)?;
    Ok(())
}
