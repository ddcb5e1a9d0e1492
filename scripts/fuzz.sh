#!/usr/bin/env bash
# Fuzzes what reads strangers' bytes, SECONDS for each target (60 by default). Needs a nightly compiler and cargo-fuzz.
set -euo pipefail
# shellcheck source=scripts/environment.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/environment.sh"
cd "$root/fuzz"
unset RUSTUP_TOOLCHAIN

rustup run nightly rustc --version >/dev/null 2>&1 || fail "A nightly compiler is needed: rustup toolchain install nightly"
command -v cargo-fuzz >/dev/null || fail "cargo-fuzz is needed: cargo install cargo-fuzz --root $tools"

cargo +nightly run --quiet --bin seeds
# `decode` is left out: it finds what automerge panics on, which the workers are there for. Run it by hand.
for target in codec change session; do
  say "" "== $target, ${FUZZ_SECONDS:-60} s"
  cargo +nightly fuzz run "$target" -- -max_total_time="${FUZZ_SECONDS:-60}" -rss_limit_mb=1024
done
