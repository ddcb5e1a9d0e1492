#!/usr/bin/env bash
# Checks the queries of server/store-sqlite against a database made from its migrations, and writes what the
# compiler needs to check them without one to .sqlx/. Run it after a change of a query or a migration, and commit
# the outcome. It does what `cargo sqlx prepare` does, without that tool.
set -euo pipefail
# shellcheck source=scripts/environment.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/environment.sh"
cd "$root/server/store-sqlite"

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
python3 - "$scratch/scratch.db" migrations/*.sql <<'PYTHON'
import sqlite3, sys
database = sqlite3.connect(sys.argv[1])
for migration in sys.argv[2:]:
    database.executescript(open(migration, encoding="utf-8").read())
database.close()
PYTHON

mkdir "$scratch/queries"
# Cargo does not know that the macros read these variables.
touch src/lib.rs
STORE_SQLITE_DATABASE_URL="sqlite://$scratch/scratch.db" SQLX_OFFLINE=false SQLX_OFFLINE_DIR="$scratch/queries" \
    cargo check --quiet --package store-sqlite "$@"
rm -rf .sqlx
mkdir .sqlx
cp "$scratch"/queries/query-*.json .sqlx/
touch src/lib.rs
echo "$(find .sqlx -name "query-*.json" | wc -l) queries checked"
