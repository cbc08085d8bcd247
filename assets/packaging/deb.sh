#!/bin/sh
# Makes a Debian package of a program that release.sh has built.
#
#     deb.sh [x86_64 | aarch64]          writes target/dist/dassie_<version>_<arch>.deb
#
# PROGRAM names another one, for a trial.
set -eu
cd "$(dirname "$0")/../.."

arch=${1:-$(uname -m)}
case $arch in
    x86_64) debian=amd64 ;;
    aarch64) debian=arm64 ;;
    *) echo "deb: unknown architecture $arch" >&2; exit 1 ;;
esac
program=${PROGRAM:-target/dist/dassie-linux-$arch}
[ -e "$program" ] || { echo "deb: no $program: make release first" >&2; exit 1; }
version=$(sed -n '/^\[package\]/,/^\[dep/s/^version = "\(.*\)"/\1/p' Cargo.toml)

root=target/dist/deb-$debian
rm -rf "$root"
umask 022
files=assets/packaging
manual=target/dist/manual
cargo run --locked --quiet --example manual -- "$manual"

install -D -m 755 "$program" "$root/usr/bin/dassie"
install -D -m 644 "$files/dassie.service" "$root/lib/systemd/system/dassie.service"
install -D -m 644 example.toml "$root/usr/share/doc/dassie/example.toml"
install -D -m 644 docs/operations.md "$root/usr/share/doc/dassie/operations.md"
install -D -m 644 docs/operations.zh.md "$root/usr/share/doc/dassie/operations.zh.md"
install -D -m 644 "$files/debian/copyright" "$root/usr/share/doc/dassie/copyright"
gzip -9n <CHANGELOG.md >"$root/usr/share/doc/dassie/changelog.gz"
chmod 644 "$root/usr/share/doc/dassie/changelog.gz"
mkdir -p "$root/usr/share/man/man1"
for page in "$manual"/*.1; do
    gzip -9n <"$page" >"$root/usr/share/man/man1/$(basename "$page").gz"
done
install -D -m 644 "$manual/dassie.bash" "$root/usr/share/bash-completion/completions/dassie"
install -D -m 644 "$manual/_dassie" "$root/usr/share/zsh/vendor-completions/_dassie"
install -D -m 644 "$manual/dassie.fish" "$root/usr/share/fish/vendor_completions.d/dassie.fish"
# the file of settings, secrets perhaps among them, is read by the service and written by root
install -d -m 755 "$root/etc/dassie"

install -d -m 755 "$root/DEBIAN"
size=$(du -sk --exclude=DEBIAN "$root" | cut -f1)
sed -e "s/@VERSION@/$version/" -e "s/@ARCH@/$debian/" -e "s/@SIZE@/$size/" \
    "$files/debian/control" >"$root/DEBIAN/control"
for script in postinst prerm postrm; do
    install -m 755 "$files/debian/$script" "$root/DEBIAN/$script"
done
dpkg-deb --root-owner-group -Zxz --build "$root" "target/dist/dassie_${version}_$debian.deb"
rm -rf "$root"
