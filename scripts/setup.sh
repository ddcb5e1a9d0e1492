#!/usr/bin/env bash
# Installs what is missing for a purpose, and only that: `scripts/setup.sh run|test|check|drill|bench|fuzz`.
# A step is three functions: title_X, time_X (roughly, on two cores) and have_X / make_X. Done the second time in no time.
set -euo pipefail
# shellcheck source=scripts/environment.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/environment.sh"
cd "$root"
for file in scripts/steps/*.sh; do
  # shellcheck source=/dev/null
  source "$file"
done

purpose=${1:-test}
case $purpose in
  run) steps=(compiler wasm_target crates trunk wasm_bindgen) ;;
  test) steps=(compiler wasm_target crates trunk wasm_bindgen nextest chromium npm) ;;
  check) steps=(compiler wasm_target crates lint_tools deny) ;;
  drill) steps=(compiler crates) ;;
  bench) steps=(compiler wasm_target crates trunk wasm_bindgen chromium npm peers) ;;
  fuzz) steps=(compiler fuzz fuzz_crates) ;;
  *) fail "Unknown purpose '$purpose': run, test, check, drill, bench or fuzz." ;;
esac

command -v rustup >/dev/null || fail "rustup is missing. It is the one thing this set-up does not install: see the Rust project's own site."
for program in curl git node npm; do
  command -v "$program" >/dev/null || fail "$program is missing; please install it first (Debian: apt-get install $program)."
done
node -e 'process.exit(Number(process.versions.node.split(".")[0]) >= 20 ? 0 : 1)' \
  || fail "Node.js $(node --version) is too old: 20 or newer is needed."

missing=()
for step in "${steps[@]}"; do
  "have_$step" || missing+=("$step")
done
if [ ${#missing[@]} = 0 ]; then
  exit 0
fi

mkdir -p "$tools" "$logs"
# Two set-ups at once would write the same files; the second waits and then finds its work done.
exec 9>"$cache/lock"
flock -n 9 || {
  say "Another set-up is under way; waiting for it."
  flock 9
}

say "Set-up: ${#missing[@]} of ${#steps[@]} steps are to be done; the tools go to $tools and are kept there."
began=$SECONDS
number=0
for step in "${missing[@]}"; do
  number=$((number + 1))
  if "have_$step"; then continue; fi
  printf '\n[step %d of %d] %s (%s)\n' "$number" "${#missing[@]}" "$("title_$step")" "$("time_$step")"
  step_began=$SECONDS
  "make_$step"
  "have_$step" || fail "This step ended without an error, but what it should bring is not there. The log is in $logs."
  say "  done in $((SECONDS - step_began)) s"
done
printf '\nSet-up finished in %d s.\n' $((SECONDS - began))
