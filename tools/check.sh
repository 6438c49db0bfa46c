#!/bin/sh
# `make check`: installs what is missing, builds twice (release, and with ASan and UBSan), runs every
# test in both, those with real mail servers too where these can be installed, and closes with one
# line: N passed, N failed, N skipped.
# WERROR=true makes warnings errors (CI). MP_TOTALS, when set, collects the counts for a caller.
set -u
cd "$(dirname "$0")/.." || exit 1
tools/install-packages.sh build peers web || exit 1

own=
if [ -z "${MP_TOTALS:-}" ]; then
    own=$(mktemp)
    trap 'rm -f "$own"' EXIT
    export MP_TOTALS="$own"
fi
werror="-Dwerror=${WERROR:-false}"

if tools/build.sh build/release --buildtype=debugoptimized "$werror"; then
    tools/run-tests.py run release build/release
else
    tools/run-tests.py one "release does not build" false
fi
if tools/build.sh build/sanitize --buildtype=debugoptimized "$werror" \
    -Db_sanitize=address,undefined -Db_lundef=false; then
    tools/run-tests.py run sanitizers build/sanitize --no-suite house --no-suite peers --timeout-multiplier 4
else
    tools/run-tests.py one "the build with sanitizers fails" false
fi
tools/run-tests.py sum
