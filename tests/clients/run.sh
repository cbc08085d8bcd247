#!/bin/sh
# Real clients and peers against two Dassies that are started for it; see run.py.
exec python3 "$(dirname "$0")/run.py" "$@"
