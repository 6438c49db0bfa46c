#!/bin/sh
# Sets up (once, or again when the options changed) and builds: build.sh DIR [meson option…]
# The compiler is CC. TARGETS names what to build; everything when unset.
set -eu
dir=$1
shift
options="CC=${CC:-} $*"
if [ ! -f "$dir/build.ninja" ]; then
    meson setup "$dir" "$@"
elif [ "$(cat "$dir/.options" 2>/dev/null)" != "$options" ]; then
    meson setup --reconfigure "$dir" "$@"
fi
printf '%s\n' "$options" >"$dir/.options"
# shellcheck disable=SC2086 # a list of words
ninja -C "$dir" ${TARGETS:-}
