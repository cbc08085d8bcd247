#!/usr/bin/env bash
# The newcomer's walk: every command of the chapter "Ten minutes" of docs/operations.md, word for
# word, in a clean Debian that has never seen Dassie.
#
#     tests/walk/run.sh PROGRAM
#
# Needs root and debootstrap. The Debian has a network of its own with nothing on it, neither sudo
# nor systemd: small scripts stand in for both, and for apt, which would ask its mirror.
set -euo pipefail
cd "$(dirname "$0")/../.."
program=$(realpath "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$work/root

skip() { echo "skipped: $1"; exit 0; }
[ "$(id -u)" = 0 ] || skip "only root can make a clean Debian"
unshare --net --mount --pid --fork true 2>/dev/null || skip "this machine gives no namespaces"

echo "making a clean Debian"
if [ -n "${WALK_ROOT:-}" ]; then
    cp -a "$WALK_ROOT" "$root"
else
    debootstrap --variant=minbase --include=adduser,ca-certificates \
        "$(. /etc/os-release && echo "$VERSION_CODENAME")" "$root" >"$work/debootstrap.log" ||
        { tail "$work/debootstrap.log"; skip "no mirror to make a Debian from"; }
fi

echo "making the package"
PROGRAM=$program assets/packaging/deb.sh
package=$(ls target/dist/dassie_*_"$(dpkg --print-architecture)".deb)
cp "$package" "$root/root/"

# the commands as they stand there
awk '/^## /{on = $0 == "## Ten minutes"} on && /^```$/{sh = 0} on && sh{print} on && /^```sh$/{sh = 1}' \
    docs/operations.md >"$root/root/commands"
[ "$(wc -l <"$root/root/commands")" -ge 3 ] || { echo "the chapter has no commands"; exit 1; }

stand_in() { cat >"$root/usr/local/bin/$1"; chmod 755 "$root/usr/local/bin/$1"; }
stand_in sudo <<'END'
#!/bin/sh
[ "$1" = -u ] || exec "$@"
user=$2; shift 2
exec setpriv --reuid "$user" --regid "$user" --init-groups "$@"
END
stand_in apt <<'END'
#!/bin/sh
[ "$1" = install ] && exec dpkg --install "$2"
END
# what the unit says, without its sandbox
stand_in systemctl <<'END'
#!/bin/sh
set -e
unit=/lib/systemd/system/$2.service
value() { sed -n "s/^$1=//p" "$unit"; }
case $1 in
    start)
        [ -e "$(value ConditionPathExists)" ]
        user=$(value User)
        install -d -m "$(value StateDirectoryMode)" -o "$user" -g "$user" "/var/lib/$(value StateDirectory)"
        cd "$(value WorkingDirectory)"
        # shellcheck disable=SC2046
        setsid sudo -u "$user" $(value ExecStart) >/var/log/dassie.log 2>&1 </dev/null &
        echo $! >/run/dassie.pid
        for _ in $(seq 100); do grep -qs listening /var/log/dassie.log && exit; sleep 0.1; done
        cat /var/log/dassie.log; exit 1 ;;
    stop) kill "$(cat /run/dassie.pid)" ;;
    *) exit 0 ;;
esac
END

echo "walking"
cat >"$work/walk" <<END
set -e
mount -t proc proc $root/proc
ip link set lo up
# somebody who answers every question with Enter
{ while sleep 0.5; do echo; done || true; } | script -qec "chroot $root sh -ex -c 'cd /root; . ./commands'" /dev/null
curl -sSf -H 'Host: social.example.org' 'http://127.0.0.1:8080/.well-known/webfinger?resource=acct:me@social.example.org'
echo
# nothing but the program's own user may look at what it keeps
[ -z "\$(find $root/var/lib/dassie ! -uid \$(chroot $root id -u dassie) -o -perm /077)" ]
# nothing to warn of, but a disk that may be small here
if grep -E 'WARN|ERROR' $root/var/log/dassie.log | grep -v 'cache: media.cache_max_size'; then exit 1; fi
# the next version takes its place, and what people wrote outlives the package
chroot $root sh -ex -c 'systemctl stop dassie; sleep 1; dpkg --install /root/dassie_*.deb; dpkg --purge dassie'
[ -s $root/var/lib/dassie/dassie.db ]
END
unshare --net --mount --pid --fork --kill-child --propagation private bash "$work/walk"
echo "the walk led where it should"
