# shellcheck shell=bash
# shellcheck disable=SC2154 # the folders and versions come from environment.sh
# How a step runs something long: quietly into a log, with a sign of life, and with the log's end when it fails.

# watched NAME COMMAND...: runs the command, its output into $logs/NAME.log. Returns the command's exit code.
watched() {
  local log=$logs/$1.log began=$SECONDS last=$SECONDS built code=0
  shift
  "$@" >"$log" 2>&1 9>&- &
  local pid=$!
  # In the background it does not hear of Ctrl-C by itself.
  trap 'kill "$pid" 2>/dev/null; exit 130' INT TERM
  while kill -0 "$pid" 2>/dev/null; do
    sleep 0.2
    if ((SECONDS - last >= 20)); then
      last=$SECONDS
      built=$(grep -c '^ *Compiling ' "$log" || true)
      if ((built > 0)); then
        say "  ... $((SECONDS - began)) s, $built crates so far"
      else
        say "  ... $((SECONDS - began)) s"
      fi
    fi
  done
  wait "$pid" || code=$?
  trap - INT TERM
  return "$code"
}

# Like watched, but a failure ends the set-up and shows why.
must() {
  local name=$1
  watched "$@" && return
  printf '\n  It failed. The end of %s:\n\n' "$logs/$name.log" >&2
  tail -n 25 "$logs/$name.log" >&2
  exit 1
}

# as_root COMMAND...: runs it as root, with sudo where that asks no password or there is someone to type it.
as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  else
    sudo env DEBIAN_FRONTEND=noninteractive "$@"
  fi
}

# may_be_root: whether as_root can work at all here.
may_be_root() {
  [ "$(id -u)" = 0 ] && return
  command -v sudo >/dev/null || return 1
  sudo -n true 2>/dev/null || { [ -t 0 ] && sudo -v; }
}

# debian_packages PURPOSE PACKAGE...: installs them, or says what someone with the right should install.
debian_packages() {
  local purpose=$1
  shift
  command -v apt-get >/dev/null \
    || fail "  $purpose is missing and this system has no apt-get. Please install what Debian calls: $*"
  may_be_root \
    || fail "  $purpose comes from the distribution's packages, which takes root or sudo, and there is neither here.
  Ask whoever looks after this machine to run:
    apt-get update && apt-get install -y --no-install-recommends $*"
  export DEBIAN_FRONTEND=noninteractive
  if [ -z "${packages_listed:-}" ]; then
    must apt-update as_root apt-get update
    packages_listed=yes
  fi
  must "apt-${purpose//[^A-Za-z]/-}" as_root apt-get install -y --no-install-recommends "$@"
}

# cargo_tool PACKAGE VERSION ARGUMENTS...: installs a program from the crates registry into $tools.
# These programs wait for others most of the time: they are built quickly rather than to be quick. The build folder
# stays until it succeeds, so that an interrupted set-up goes on where it was.
cargo_tool() {
  local package=$1 version=$2
  shift 2
  must "$package" env CARGO_TARGET_DIR="$cache/build/$package" \
    CARGO_PROFILE_RELEASE_OPT_LEVEL=1 CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 CARGO_PROFILE_RELEASE_DEBUG=0 \
    cargo install "$package" --version "$version" --root "$tools" --force "$@"
  rm -rf "${cache:?}/build/$package"
}
