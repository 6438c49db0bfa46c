#!/bin/sh
# Installs into an empty directory and uses what lies there as a stranger would: install_test.sh BUILD
# Rows: the example against the shared and the static library, headers that stand alone, only mp_
# symbols. Prints TAP.
set -u
build=$1
source=${MP_SOURCE_ROOT:-.}
cc=${CC:-cc}
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
rows=0
failed=0

row() { # label command…
    label=$1
    shift
    rows=$((rows + 1))
    if "$@" >"$root/log" 2>&1; then
        echo "ok $rows - $label"
    else
        failed=$((failed + 1))
        sed 's/^/# /' "$root/log"
        echo "not ok $rows - $label"
    fi
}

installs() {
    DESTDIR=$root meson install -C "$build" --no-rebuild
}
row "installs into DESTDIR" installs

pc=$(find "$root" -name mailproof.pc)
lib=$(dirname "$(dirname "$pc")")
include=$(find "$root" -type d -path '*/include/mailproof')
export PKG_CONFIG_SYSROOT_DIR="$root" PKG_CONFIG_PATH="$lib/pkgconfig" LD_LIBRARY_PATH="$lib"

# shellcheck disable=SC2046 # flags are lists of words
compile_shared() {
    "$cc" -Wall -Wextra -Werror -o "$root/shared" "$source/examples/verify.c" \
        $(pkg-config --cflags --libs mailproof)
}
# Our archive, everyone else's shared libraries: those that mailproof.pc names as private.
# shellcheck disable=SC2046
compile_static() {
    "$cc" -Wall -Wextra -Werror -o "$root/static" "$source/examples/verify.c" \
        $(pkg-config --cflags mailproof) "$lib/libmailproof.a" \
        $(PKG_CONFIG_SYSROOT_DIR='' pkg-config --libs \
            $(pkg-config --print-requires-private mailproof)) \
        $(sed -n 's/^Libs.private://p' "$pc") &&
        ! ldd "$root/static" | grep -q libmailproof
}
# The first message of the demo, from its zone: nothing is asked of the network.
says() { # program
    ZONE=$(cat "$source/examples/demo/zone.db")
    export ZONE
    "$1" 192.0.2.10 ana@good.example <"$source/examples/demo/1-good.eml" >"$root/said" || return 1
    cat "$root/said"
    grep -q '^spf=pass dkim=pass arc=none dmarc=pass -> accept$' "$root/said"
}
headers_stand_alone() {
    for header in "$include"/*.h; do
        "$cc" -std=c99 -Wall -Wextra -Wpedantic -Werror -fsyntax-only -x c \
            -I "$(dirname "$include")" "$header" || return 1
    done
}
only_our_symbols() {
    others=$(nm -D --defined-only "$lib/libmailproof.so" | awk '$2 != "A" {print $3}' |
        grep -v '^mp_')
    [ -z "$others" ] || { echo "exported: $others"; return 1; }
}

row "the example compiles against the shared library" compile_shared
row "and runs" says "$root/shared"
row "the example compiles against the static library" compile_static
row "and runs" says "$root/static"
row "each public header compiles alone as C99" headers_stand_alone
row "the shared library exports mp_ symbols only" only_our_symbols
echo "1..$rows"
[ "$failed" -eq 0 ]
