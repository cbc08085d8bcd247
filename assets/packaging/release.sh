#!/bin/sh
# Builds the program as it is shipped: one static file that runs on any Linux of its kind.
#
#     release.sh [x86_64 | aarch64]      writes target/dist/dassie-linux-<arch>, SHA256SUMS beside it
#
# The C library in it is glibc where rustc has that target, since with musl a page of a timeline costs
# twice the CPU (docs/performance.md); LIBC=musl asks for musl. A C compiler with the static library is
# needed: for this machine gcc and libc6-dev, or musl-tools; for aarch64 on another one
# gcc-aarch64-linux-gnu and libc6-dev-arm64-cross, or, for musl, C headers of musl-dev:arm64.
set -eu
cd "$(dirname "$0")/../.."

say() { echo "release: $*" >&2; }
has() { [ -d "$(rustc --print target-libdir --target "$1")" ]; }

arch=${1:-$(uname -m)}
out=${CARGO_TARGET_DIR:-target}
libc=${LIBC:-gnu}
target=$arch-unknown-linux-$libc
if ! has "$target"; then
    if command -v rustup >/dev/null && rustup target add "$target"; then
        :
    elif [ -z "${LIBC:-}" ] && has "$arch-unknown-linux-musl"; then
        say "no $target to be had: it will be musl"
        libc=musl
        target=$arch-unknown-linux-musl
    else
        say "this toolchain has no $target"
        exit 1
    fi
fi

upper=$(echo "$target" | tr 'a-z-' 'A-Z_')
lower=$(echo "$target" | tr - _)
need() { command -v "$1" >/dev/null || { say "$1 is missing: apt-get install $2"; exit 1; }; }
if [ "$libc" = musl ] && command -v "$arch-linux-musl-gcc" >/dev/null; then
    export "CC_$lower=$arch-linux-musl-gcc"
elif [ "$arch" = "$(uname -m)" ]; then
    [ "$libc" = gnu ] || need musl-gcc musl-tools
    [ "$libc" = gnu ] || export "CC_$lower=musl-gcc"
else
    cc=$arch-linux-gnu-gcc
    need "$cc" "gcc-$arch-linux-gnu"
    export "CC_$lower=$cc" "CARGO_TARGET_${upper}_LINKER=$cc"
    if [ "$libc" = musl ]; then
        headers=${MUSL_HEADERS:-/usr/include/$arch-linux-musl}
        [ -e "$headers/stdio.h" ] || { say "no C headers of musl in $headers (MUSL_HEADERS)"; exit 1; }
        export "CFLAGS_$lower=-nostdinc -isystem $headers -isystem $("$cc" -print-file-name=include)"
    fi
fi

# Addresses that are corrected at the start take a tenth of their room, where the C library that goes
# into the program can read them so (glibc does since 2.36): a program of one line tells.
packed="-C link-arg=-Wl,-z,pack-relative-relocs"
probe=$(mktemp -d)
trap 'rm -rf "$probe"' EXIT
echo 'fn main() {}' >"$probe/probe.rs"
# shellcheck disable=SC2086
if [ "$arch" != "$(uname -m)" ] || ! rustc --target "$target" -C target-feature=+crt-static $packed \
    -o "$probe/probe" "$probe/probe.rs" 2>/dev/null || ! "$probe/probe"; then
    packed=
fi

# no paths of the machine that built it, and so the same bytes on another one
cargo_home=${CARGO_HOME:-$HOME/.cargo}
export RUSTFLAGS="-C target-feature=+crt-static --remap-path-prefix=$PWD=dassie \
--remap-path-prefix=$cargo_home=cargo $packed ${RUSTFLAGS:-}"
cargo build --locked --release --bin dassie --target "$target"

mkdir -p target/dist
cp "$out/$target/release/dassie" "target/dist/dassie-linux-$arch"
cd target/dist
sha256sum dassie-linux-* >SHA256SUMS
ls -l "dassie-linux-$arch"
