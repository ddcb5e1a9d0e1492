#!/usr/bin/env bash
# What a reader should not have to look for: form, lints, licences and sources of the libraries.
set -uo pipefail
# shellcheck source=scripts/environment.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/environment.sh"
cd "$root" || exit

outcome=0
run() {
  printf '\n== %s\n' "$*"
  "$@" || outcome=1
}

run cargo fmt --all --check
run cargo clippy --locked --offline --all-targets -- -D warnings
run cargo clippy --locked --offline --package app --all-targets --target wasm32-unknown-unknown -- -D warnings
run cargo deny --offline --locked check bans licenses sources
if [ -d "$cache/advisory-db" ] || timeout 60 cargo deny fetch db >/dev/null 2>&1; then
  run cargo deny --locked check advisories
else
  say "Known vulnerabilities were not looked up: their list cannot be fetched here."
fi
if command -v shellcheck >/dev/null; then
  run shellcheck --external-sources scripts/*.sh scripts/steps/*.sh .ci/run
fi
[ "$outcome" = 0 ] && say "" "All in order."
exit "$outcome"
