# shellcheck shell=bash
# shellcheck disable=SC2154 # the folders and versions come from environment.sh
# The C compiler, and the one Rust toolchain that builds both the server and the client.

title_compiler() { say "A C compiler and linker: SQLite is compiled into the server"; }
time_compiler() { say "about 20 seconds"; }
have_compiler() { command -v cc >/dev/null; }
make_compiler() { debian_packages "The C compiler" build-essential; }

title_wasm_target() { say "Rust for the browser (target wasm32-unknown-unknown)"; }
time_wasm_target() { say "10 seconds; 2 minutes where the distribution's packages are needed"; }

# A recorded toolchain counts only if it really compiles for both sides: an upgrade may have changed it under us.
have_wasm_target() {
  [ -n "${RUSTUP_TOOLCHAIN:-}" ] && compiles_for_the_browser
}

compiles_for_the_browser() {
  local probe=$cache/probe
  mkdir -p "$probe"
  printf '#![no_main]\npub fn probe() -> String { String::from("probe") }\n' \
    | rustc --edition 2024 --target wasm32-unknown-unknown --crate-type lib --emit metadata -o "$probe/probe.rmeta" - \
      >"$probe/output" 2>&1
}

make_wasm_target() {
  local wanted active version
  wanted=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
  if [ "${LOOPBAANMAAT_TOOLCHAIN:-}" != distro ]; then
    active=${LOOPBAANMAAT_TOOLCHAIN:-$(cd / && env -u RUSTUP_TOOLCHAIN rustup default 2>/dev/null | awk '{ print $1 }')}
    version=$(RUSTUP_TOOLCHAIN=$active rustc --version 2>/dev/null | awk '{ print $2 }')
    if [ -z "$version" ]; then
      say "  rustup has no default toolchain."
    elif ! at_least "$version" "$wanted"; then
      say "  rustup's toolchain $active is Rust $version; the project needs $wanted. ('rustup update stable' would bring it.)"
    else
      say "  the normal way: rustup target add, for toolchain $active (Rust $version)"
      export RUSTUP_TOOLCHAIN=$active
      if watched rustup-target timeout 120 rustup target add wasm32-unknown-unknown && compiles_for_the_browser; then
        say "$active" >"$toolchain_file"
        return
      fi
      say "  it cannot be downloaded here: $(sed -n 's/^error: //p' "$logs/rustup-target.log" | head -n 1)"
      say "  that is no problem: Debian's own packages of Rust do as well."
    fi
  fi
  distribution_toolchain
  say distro >"$toolchain_file"
}

# Debian's Rust for web browsers, with the standard library for the browser built from its sources.
distribution_toolchain() {
  say "  the distribution's way: Debian's packages rustc-web and friends, 300 MB, half a minute"
  debian_packages "Rust for the browser" rustc-web cargo-web rust-web-src rust-web-llvm lld-22 rustfmt-web rust-web-clippy
  rustup toolchain list | grep -q '^distro' || rustup toolchain link distro /usr
  export RUSTUP_TOOLCHAIN=distro
  compiles_for_the_browser && return
  say "  now its standard library for the browser, from source: about a minute"
  local build=$cache/build/standard-library library=/usr/lib/rustlib/wasm32-unknown-unknown/lib
  rm -rf "$build"
  mkdir -p "$build/src"
  printf '[package]\nname = "empty"\nversion = "0.0.0"\nedition = "2024"\n[workspace]\n' >"$build/Cargo.toml"
  : >"$build/src/lib.rs"
  must standard-library env -C "$build" CARGO_TARGET_DIR="$build/target" RUSTC_BOOTSTRAP=1 RUSTFLAGS=-Cembed-bitcode=yes \
    cargo build --release -Z build-std=std,panic_abort,proc_macro,test --target wasm32-unknown-unknown
  rm -f "$build"/target/wasm32-unknown-unknown/release/deps/libempty-*
  as_root rm -rf "$library"
  as_root mkdir -p "$library"
  as_root cp "$build"/target/wasm32-unknown-unknown/release/deps/*.rlib "$library/"
  rm -rf "$build"
}

# at_least VERSION WANTED: whether the first is not older.
at_least() { [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]; }

title_lint_tools() { say "rustfmt and clippy"; }
time_lint_tools() { say "10 seconds"; }
have_lint_tools() { cargo fmt --version >/dev/null 2>&1 && cargo clippy --version >/dev/null 2>&1; }
make_lint_tools() {
  if [ "$RUSTUP_TOOLCHAIN" = distro ]; then
    debian_packages "rustfmt and clippy" rustfmt-web rust-web-clippy
  else
    must rustup-components rustup component add rustfmt clippy
  fi
}
