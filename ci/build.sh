#!/bin/sh
# Builds the command for a CI job, with the packages that takes, into DIRECTORY/bin/mailproof:
#   build.sh DIRECTORY   nothing is done when one is there, from a cache, and runs
#   build.sh --key       a name for the build in a cache: it changes when the sources do, or the system
# On Debian and its kin, as root or with sudo.
set -eu
source=$(cd "$(dirname "$0")/.." && pwd)

# The sources without tests and documents; which libraries there are to link with.
key() {
    # shellcheck source=/dev/null
    system=$(. /etc/os-release && echo "$ID-${VERSION_ID:-rolling}")
    sum=$(cd "$source" &&
        find src include meson.build meson_options.txt tools ci/build.sh -type f \
            ! -name '*_test.c' ! -name '*_fuzz.c' ! -name '*.pyc' |
        LC_ALL=C sort | tr '\n' '\0' | xargs -0 sha256sum | sha256sum | cut -c1-24)
    echo "mailproof-$system-$(uname -m)-$sum"
}

runs() {
    [ -x "$program" ] && "$program" version >/dev/null 2>&1
}

build() {
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    (cd "$source" && TARGETS=mailproof tools/build.sh "$work/build" --buildtype=release -Dtests=false)
    mkdir -p "$directory/bin"
    cp "$work/build/mailproof" "$program"
}

if [ $# -ne 1 ]; then
    echo "usage: build.sh DIRECTORY | --key" >&2
    exit 2
fi
if [ "$1" = --key ]; then
    key
    exit
fi
directory=$1
program=$directory/bin/mailproof
# What a cache brought misses its libraries on a fresh machine.
if ! runs; then
    "$source/tools/install-packages.sh" compile
    runs || build
fi
"$program" version
