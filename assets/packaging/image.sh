#!/bin/sh
# Makes the two images of the Dockerfile of a program that release.sh has built, with docker,
# podman or buildah.
#
#     image.sh [x86_64 | aarch64]        makes dassie:latest, dassie:media
set -eu
cd "$(dirname "$0")/../.."

arch=${1:-$(uname -m)}
case $arch in
    x86_64) docker=amd64 ;;
    aarch64) docker=arm64 ;;
    *) echo "image: unknown architecture $arch" >&2; exit 1 ;;
esac
# a client alone builds nothing: its daemon must run
for tool in ${ENGINE:-docker podman buildah}; do
    "$tool" info >/dev/null 2>&1 && break || tool=
done
[ -n "$tool" ] || { echo "image: none of docker, podman and buildah is installed and runs" >&2; exit 1; }

# nothing but the program goes to the engine
context=target/dist/image
rm -rf "$context"
mkdir -p "$context"
cp "target/dist/dassie-linux-$arch" "$context/dassie-linux-$docker"
chmod 755 "$context/dassie-linux-$docker"
for image in small:latest media:media; do
    # shellcheck disable=SC2086 # flags of the engine, several perhaps
    "$tool" build ${ENGINE_FLAGS:-} --file assets/packaging/Dockerfile \
        --platform "linux/$docker" --build-arg "TARGETARCH=$docker" \
        --target "${image%%:*}" --tag "dassie:${image##*:}" "$context"
done
rm -rf "$context"
