#!/bin/sh
# The tests of the rooms that use threads, built with ThreadSanitizer: tsan.sh
set -u
cd "$(dirname "$0")/.." || exit 1
tools/install-packages.sh build || exit 1
own=
if [ -z "${MP_TOTALS:-}" ]; then
    own=$(mktemp)
    trap 'rm -f "$own"' EXIT
    export MP_TOTALS="$own"
fi
if tools/build.sh build/tsan --buildtype=debugoptimized -Db_sanitize=thread -Db_lundef=false \
    "-Dwerror=${WERROR:-false}"; then
    tools/run-tests.py run threads build/tsan --timeout-multiplier 4 \
        --suite crypto --suite dns --suite posture --suite io --suite run --suite flow --suite api --suite httpd --suite store --suite sink --suite capture --suite suite --suite sandbox --suite services --suite feeds \
        --suite cli
else
    tools/run-tests.py one "the build with ThreadSanitizer fails" false
fi
status=$?
[ -z "$own" ] || tools/run-tests.py sum
exit $status
