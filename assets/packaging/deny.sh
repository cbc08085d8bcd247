#!/bin/sh
# Whether the libraries are such as .cargo/deny.toml allows (S-132). Known flaws are looked up where
# the list of them can be had.
set -eu
cd "$(dirname "$0")/../.."

cargo deny --locked --all-features check --hide-inclusion-graph licenses bans sources
list=$(mktemp)
trap 'rm -f "$list"' EXIT
if cargo deny --locked fetch db >"$list" 2>&1; then
    cargo deny --locked check --disable-fetch --hide-inclusion-graph advisories
else
    echo "skipped: the list of known flaws cannot be had here: $(grep -m 1 -io 'failed to.*' "$list" | cut -c 1-80)"
fi
