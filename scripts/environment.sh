# shellcheck shell=bash
# Where the tools of this project live and which versions it builds with. Sourced by the other scripts.
# shellcheck disable=SC2034 # what is set here is for those who source it

root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/loopbaanmaat
tools=$cache/tools
logs=$cache/logs

trunk_version=0.21.14
nextest_version=0.9.143
deny_version=0.20.2
fuzz_version=0.13.2

export PATH="$tools/bin:$HOME/.cargo/bin:$PATH"

# One toolchain for everything, or every shared crate is compiled twice. The set-up chooses it once.
toolchain_file=$cache/toolchain
if [ -n "${LOOPBAANMAAT_TOOLCHAIN:-}" ]; then
  export RUSTUP_TOOLCHAIN=$LOOPBAANMAAT_TOOLCHAIN
elif [ -s "$toolchain_file" ]; then
  RUSTUP_TOOLCHAIN=$(<"$toolchain_file")
  export RUSTUP_TOOLCHAIN
fi

# Prints the path of a Chromium to drive, or fails. CHROMIUM in the environment goes first.
find_chromium() {
  local name
  for name in ${CHROMIUM:+"$CHROMIUM"} chromium chromium-browser google-chrome google-chrome-stable; do
    command -v "$name" && return
  done
  return 1
}

# Prints the version that Cargo.lock has of the package named.
locked_version() {
  awk -v name="\"$1\"" '$1 == "name" { found = ($3 == name) } found && $1 == "version" { gsub(/"/, "", $3); print $3; exit }' \
    "$root/Cargo.lock"
}

say() { printf '%s\n' "$*"; }
fail() {
  printf '\n%s\n' "$*" >&2
  exit 1
}
