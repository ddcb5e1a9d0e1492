# shellcheck shell=bash
# shellcheck disable=SC2154 # the folders and versions come from environment.sh
# What tests and measurements need beside Rust: a Chromium, and npm packages.

title_chromium() { say "Chromium: the browser that the tests drive"; }
time_chromium() { say "about a minute"; }
have_chromium() { find_chromium >/dev/null; }
make_chromium() { debian_packages "Chromium" chromium fonts-liberation; }

title_npm() { say "The npm packages of the browser and contract tests"; }
time_npm() { say "a few seconds"; }
# An install is good as long as it was made from the lock file that lies there now.
have_npm() {
  local lock
  for lock in tests/*/package-lock.json; do
    cmp -s "$lock" "${lock%/*}/node_modules/.made-from.json" || return 1
  done
}
make_npm() {
  local lock folder
  for lock in tests/*/package-lock.json; do
    folder=${lock%/*}
    cmp -s "$lock" "$folder/node_modules/.made-from.json" && continue
    must "npm-${folder##*/}" npm ci --prefix "$folder" --ignore-scripts --no-audit --no-fund
    cp "$lock" "$folder/node_modules/.made-from.json"
  done
}

title_peers() { say "The two servers that ours is measured beside"; }
time_peers() { say "two minutes: one of them compiles SQLite"; }
have_peers() { cmp -s tests/bench/peers/package-lock.json tests/bench/peers/node_modules/.made-from.json; }
make_peers() {
  local folder=tests/bench/peers
  # Not `npm ci`: it misses optional packages of other systems, which npm itself leaves out of the lock file.
  must npm-peers npm install --prefix "$folder" --no-save --ignore-scripts --no-audit --no-fund
  must npm-sqlite npm rebuild --prefix "$folder" better-sqlite3
  cp "$folder/package-lock.json" "$folder/node_modules/.made-from.json"
}
