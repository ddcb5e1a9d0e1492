#!/usr/bin/env bash
# Does to the real server what must not lose anything: kills it, fills its disk, locks it out, stops it, does not read
# what it sends. Ends with an error if an acknowledged item is lost. `make drill KILLS=50` for a shorter one.
set -euo pipefail
# shellcheck source=scripts/environment.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/environment.sh"
cd "$root"

cargo build --locked --offline --package server --package tests
target=${CARGO_TARGET_DIR:-$root/target}/debug
LOOPBAANMAAT_BIN=${LOOPBAANMAAT_BIN:-$target/loopbaanmaat} exec "$target/drill" --kills "${KILLS:-500}"
