#!/usr/bin/env bash
# Measures the client against its budgets: bytes as served, and the cold start of the installed page without a network.
set -euo pipefail
# shellcheck source=scripts/environment.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/environment.sh"
cd "$root"

cargo build --release --locked --offline --package server
CHROMIUM=$(find_chromium)
export CHROMIUM
export LOOPBAANMAAT_BIN=${CARGO_TARGET_DIR:-$root/target}/release/loopbaanmaat
for measurement in tests/bench/*.bench.mjs; do
  node "$measurement"
done
