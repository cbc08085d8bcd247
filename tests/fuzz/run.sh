#!/usr/bin/env bash
# Fuzzes each target, two at a time, for MINUTES in all (60); TARGETS chooses some of them. What
# was reached is kept under target/fuzz/corpus and is where the next run begins.
set -euo pipefail
cd "$(dirname "$0")/../.."

minutes=${MINUTES:-60}
targets=${TARGETS:-activity signature html text discovery accept sound}
target_dir=${CARGO_TARGET_DIR:-target}/fuzz
host=$(rustc -vV | sed -n 's/^host: //p')

# coverage for libFuzzer; the compiler of the stable channel can do that
export RUSTFLAGS="--cfg fuzzing -Cpasses=sancov-module \
    -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
    -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares"
# the versions of everything are those of the server
cp Cargo.lock tests/fuzz/Cargo.lock
CARGO_TARGET_DIR=$target_dir ${CARGO:-cargo} build --release --manifest-path tests/fuzz/Cargo.toml \
    --target "$host"
program=$target_dir/$host/release/dassie-fuzz
[[ -x $program ]] || { echo "the fuzzer was not built"; exit 1; }

seeds() {
    local folder=$target_dir/seeds/$1
    mkdir -p "$folder"
    case $1 in
        activity) find tests/vectors -name '*.json' -not -path '*/http/*' -size -64k |
            while read -r file; do cp "$file" "$folder/$(tr / - <<<"$file")"; done ;;
        html) cp tests/fuzz/seeds/html/* "$folder" ;;
        text) cp README.md docs/*.md tests/fuzz/seeds/html/* "$folder" ;;
        discovery) find tests/vectors -name 'webfinger.json' |
            while read -r file; do cp "$file" "$folder/$(tr / - <<<"$file")"; done
            cp tests/fuzz/seeds/discovery/* "$folder" ;;
        sound) cp tests/fixtures/media/sound-* "$folder" ;;
        *) cp tests/fuzz/seeds/"$1"/* "$folder" ;;
    esac
    echo "$folder"
}

count=$(wc -w <<<"$targets")
# two cores, so each has twice its share
seconds=$((minutes * 60 * 2 / count))
((seconds > minutes * 60)) && seconds=$((minutes * 60))
fuzz() {
    local corpus=$target_dir/corpus/$1 found=$target_dir/found/$1
    mkdir -p "$corpus" "$found"
    if DASSIE_FUZZ=$1 "$program" "$corpus" "$(seeds "$1")" -dict=tests/fuzz/words.dict \
        -max_total_time=$seconds -timeout=5 -rss_limit_mb=1024 -max_len=65536 \
        -artifact_prefix="$found/" -print_final_stats=1 >"$target_dir/$1.log" 2>&1; then
        echo "$1: nothing found ($(grep -o 'stat::number_of_executed_units: *[0-9]*' \
            "$target_dir/$1.log" | grep -o '[0-9]*$') inputs in $seconds s)"
    else
        echo "$1: FOUND, see $target_dir/$1.log and $found"
        return 1
    fi
}

status=0
running=()
for name in $targets; do
    fuzz "$name" &
    running+=($!)
    if ((${#running[@]} == 2)); then
        wait "${running[0]}" || status=1
        wait "${running[1]}" || status=1
        running=()
    fi
done
for pid in "${running[@]}"; do wait "$pid" || status=1; done
exit $status
