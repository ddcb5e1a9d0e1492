#!/usr/bin/env bash
# Measures client and server against their budgets: bytes as served, the cold start of the installed page without a
# network, and the server's work beside that of two other servers. All are measured, also if one misses its budget.
set -euo pipefail
# shellcheck source=scripts/environment.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/environment.sh"
cd "$root"

# A thousand connections need as many open files, here and in what is started from here.
ulimit -n "$(ulimit -Hn)"
cargo build --release --locked --offline --package server --package tests
CHROMIUM=$(find_chromium)
export CHROMIUM
export LOOPBAANMAAT_BIN=${CARGO_TARGET_DIR:-$root/target}/release/loopbaanmaat
export LOOPBAANMAAT_LOAD=${CARGO_TARGET_DIR:-$root/target}/release/load
outcome=0
for measurement in tests/bench/*.bench.mjs; do
  node "$measurement" || outcome=1
done
exit "$outcome"
