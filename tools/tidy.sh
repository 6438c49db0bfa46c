#!/bin/sh
# clang-tidy (.clang-tidy) over our sources, or over the files named: tidy.sh [file…]
set -eu
cd "$(dirname "$0")/.."
tools/install-packages.sh build dev
CC=clang TARGETS=build.ninja tools/build.sh build/tidy
files=$*
[ -n "$files" ] || files=$(git ls-files -- 'src/*.c' 'bench/*.c' 'examples/*.c' 'tests/*.c')
# shellcheck disable=SC2086 # a list of words
printf '%s\n' $files | xargs -P "$(nproc)" -n 4 clang-tidy -p build/tidy --quiet 2>/dev/null
