# shellcheck shell=bash
# shellcheck disable=SC2154 # the folders and versions come from environment.sh
# The crates of the lock file, and the programs that build, test and judge the project. All of them of one known version.

title_crates() { say "The libraries named in Cargo.lock, downloaded"; }
time_crates() { say "about half a minute"; }
# Asked without the network, so it is quick and true: is every file there that the lock file names?
have_crates() { cargo fetch --locked --offline >/dev/null 2>&1; }
make_crates() { must crates cargo fetch --locked; }

title_trunk() { say "Trunk $trunk_version: turns the client's code into the pages that are served"; }
time_trunk() { say "about 4 minutes; once for all"; }
have_trunk() { [ "$(trunk --version 2>/dev/null)" = "trunk $trunk_version" ]; }
make_trunk() { cargo_tool trunk "$trunk_version" --locked; }

# The program must be of exactly the library's version. Its own lock file is older than its code allows: hence no --locked.
title_wasm_bindgen() { say "wasm-bindgen $(locked_version wasm-bindgen): joins WebAssembly and the browser"; }
time_wasm_bindgen() { say "about 3 minutes; again when the library moves"; }
have_wasm_bindgen() { [ "$(wasm-bindgen --version 2>/dev/null)" = "wasm-bindgen $(locked_version wasm-bindgen)" ]; }
make_wasm_bindgen() { cargo_tool wasm-bindgen-cli "$(locked_version wasm-bindgen)"; }

title_nextest() { say "cargo-nextest $nextest_version: runs the tests"; }
time_nextest() { say "about 5 minutes; once for all"; }
have_nextest() { command -v cargo-nextest >/dev/null; }
make_nextest() { cargo_tool cargo-nextest "$nextest_version" --locked; }

title_deny() { say "cargo-deny $deny_version: judges licences and sources of the libraries"; }
time_deny() { say "about 5 minutes; once for all"; }
have_deny() { command -v cargo-deny >/dev/null; }
make_deny() { cargo_tool cargo-deny "$deny_version" --locked; }

title_fuzz() { say "cargo-fuzz $fuzz_version: makes strange bytes for whatever reads them"; }
time_fuzz() { say "about 2 minutes; once for all"; }
have_fuzz() { [ "$(cargo-fuzz --version 2>/dev/null)" = "cargo-fuzz $fuzz_version" ]; }
make_fuzz() { cargo_tool cargo-fuzz "$fuzz_version" --locked; }

title_fuzz_crates() { say "The libraries named in fuzz/Cargo.lock, downloaded"; }
time_fuzz_crates() { say "a few seconds"; }
have_fuzz_crates() { cargo fetch --manifest-path fuzz/Cargo.toml --locked --offline >/dev/null 2>&1; }
make_fuzz_crates() { must fuzz-crates cargo fetch --manifest-path fuzz/Cargo.toml --locked; }
