#!/usr/bin/env bash
# Builds the server with the client in it and starts the demo: made-up people, made-up talks, on this machine only.
set -euo pipefail
# shellcheck source=scripts/environment.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/environment.sh"
cd "$root"

say "Server: cargo build --release (the first time about 4 minutes, then seconds)"
cargo build --release --locked --offline --package server
exec "${CARGO_TARGET_DIR:-target}/release/loopbaanmaat" serve --demo --listen "127.0.0.1:${PORT:-8080}" --data "${DATA:-./data/demo}"
