#!/bin/sh
# The tests of the rooms that use threads, built with ThreadSanitizer: tsan.sh
set -u
cd "$(dirname "$0")/.." || exit 1
tools/install-packages.sh build || exit 1
tools/build.sh build/tsan --buildtype=debugoptimized -Db_sanitize=thread -Db_lundef=false \
    "-Dwerror=${WERROR:-false}" || exit 1
own=
if [ -z "${MP_TOTALS:-}" ]; then
    own=$(mktemp)
    trap 'rm -f "$own"' EXIT
    export MP_TOTALS="$own"
fi
tools/run-tests.py run threads build/tsan --timeout-multiplier 4 \
    --suite crypto --suite dns --suite io --suite run --suite api --suite cli
status=$?
[ -z "$own" ] || tools/run-tests.py sum
exit $status
