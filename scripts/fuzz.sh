#!/usr/bin/env bash
# Fuzzes what reads strangers' bytes, FUZZ_SECONDS for each target (60 by default); TARGET=… fuzzes that one alone.
set -euo pipefail
# shellcheck source=scripts/environment.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/environment.sh"
cd "$root/fuzz"

# The compiler's switches for coverage are said to be unstable; this has the toolchain of everything else take them.
export RUSTC_BOOTSTRAP=1
seconds=${FUZZ_SECONDS:-60}

# run TARGET LIBFUZZER'S OPTIONS...: there is no unsafe code of our own, so the targets are built without sanitizer, and are fast.
run() {
  local target=$1
  shift
  # What earlier runs found beside the corpus is begun with too.
  mkdir -p "found/$target"
  say "" "== $target, $seconds s"
  cargo fuzz run --release --sanitizer none "$target" "corpus/$target" "found/$target" -- \
    -max_total_time="$seconds" -rss_limit_mb=2048 -timeout=10 -print_final_stats=1 "$@"
}

cargo run --quiet --release --bin seeds
for target in codec change gate session device; do
  if [ "${TARGET:-$target}" = "$target" ]; then run "$target" -max_len=4096; fi
done

# This one gives the library what it panics on and runs away with, which the workers are there for: its processes may
# end. Only what the gate lets through must not be.
if [ "${TARGET:-decode}" = decode ]; then
  log=$(mktemp)
  trap 'rm -f "$log"' EXIT
  (ulimit -v $((4 * 1024 * 1024)) && run decode -max_len=1024 -fork=1 -ignore_crashes=1 -ignore_ooms=1 -ignore_timeouts=1) 2>&1 | tee "$log"
  if grep -q "LET THROUGH" "$log"; then fail "A change came through the gate that should not; its bytes are in fuzz/artifacts/decode."; fi
fi
