#!/usr/bin/env bash
# Runs every test: of the crates, of the documentation's examples, of the contract from outside, and in the browser.
# All of them run even if an earlier one fails; the exit code is that of the first failure.
set -uo pipefail
# shellcheck source=scripts/environment.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/environment.sh"
cd "$root" || exit

outcome=0
lines=()
run() {
  local title=$1 began=$SECONDS code=0 verdict=passed
  shift
  printf '\n== %s: %s\n' "$title" "$*"
  "$@" || code=$?
  if [ "$code" != 0 ]; then
    verdict=FAILED
    [ "$outcome" != 0 ] || outcome=$code
  fi
  lines+=("$(printf '%-28s %-9s %4d s' "$title" "$verdict" $((SECONDS - began)))")
}

CHROMIUM=$(find_chromium)
export CHROMIUM
export LOOPBAANMAAT_BIN=${CARGO_TARGET_DIR:-$root/target}/debug/loopbaanmaat

shopt -s nullglob
contract=(tests/contract/*.test.mjs)
browser=(tests/e2e/*.test.mjs)

run "Tests of the crates" cargo nextest run --locked --offline --no-fail-fast
# The client is built for the browser; its tests of what needs none run here.
run "Tests of the client" cargo nextest run --locked --offline --no-fail-fast --package app
run "Examples in documentation" cargo test --doc --locked --offline --quiet
run "Server for the next ones" cargo build --locked --offline --package server
run "Contract, from outside" node --test --test-timeout=1200000 "${contract[@]}"
run "Browser" node --test --test-concurrency=1 --test-timeout=1200000 "${browser[@]}"

printf '\n== In short\n'
printf '%s\n' "${lines[@]}"
exit "$outcome"
