#!/usr/bin/env bash
# Builds the client as it ships into app/dist, without the network.
set -euo pipefail
# shellcheck source=scripts/environment.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/environment.sh"
cd "$root"

say "Client: trunk build --release (the first time about 5 minutes, then seconds)"
began=$SECONDS
RUST_BACKTRACE=0 trunk --offline --skip-version-check --log warn build --release --locked
wasm=$(find app/dist -maxdepth 1 -name '*_bg.wasm' -printf '%s bytes of WebAssembly')
say "Client: app/dist is there, $wasm, in $((SECONDS - began)) s"
