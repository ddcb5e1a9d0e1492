#!/usr/bin/env bash
# Runs simulated worlds for that many seconds on all cores; the first argument says how many.
set -euo pipefail
length=${1:-60}
# shellcheck source=scripts/environment.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/environment.sh"
cd "$root"
cargo build --locked --offline --profile sim --package tests --no-default-features --example simulate
# The shell counts in its own SECONDS, so the program is handed a name of ours.
exec env SIM_SECONDS="$length" "${CARGO_TARGET_DIR:-target}/sim/examples/simulate"
