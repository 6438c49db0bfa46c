#!/bin/sh
# Runs every fuzz target (or those named) with ASan and UBSan: fuzz.sh [target…]
# FUZZ_SECONDS for each (60), FUZZ_JOBS at a time (all cores). Seeds: tests/seeds/<target>. The
# corpus grows in build/fuzz-corpus/<target>; what broke a target lies in build/fuzz-found/.
set -u
cd "$(dirname "$0")/.." || exit 1
unset TARGETS # of make: what to fuzz; to build.sh it would say what to build
tools/install-packages.sh build dev || exit 1
CC=clang tools/build.sh build/fuzz -Dfuzzers=true -Dtests=false --buildtype=debugoptimized \
    -Db_sanitize=address,undefined -Db_lundef=false "-Dwerror=${WERROR:-false}" || {
    [ -z "${MP_TOTALS:-}" ] || echo "0 1 0" >>"$MP_TOTALS"
    exit 1
}

seconds=${FUZZ_SECONDS:-60}
mkdir -p build/fuzz-found build/fuzz-logs
targets=$*
if [ -z "$targets" ]; then
    for exe in build/fuzz/*_fuzz; do
        targets="$targets $(basename "$exe" _fuzz)"
    done
fi

# One line a target; its whole output stays in build/fuzz-logs.
run_one='
name=$1
mkdir -p build/fuzz-corpus/$name
seeds=tests/seeds/$name
[ -d "$seeds" ] || seeds=
if build/fuzz/${name}_fuzz build/fuzz-corpus/$name $seeds -max_total_time='$seconds' -timeout=10 \
    -rss_limit_mb=2048 -print_final_stats=1 -artifact_prefix=build/fuzz-found/$name- \
    >build/fuzz-logs/$name 2>&1
then
    runs=$(sed -n "s/^stat::number_of_executed_units: //p" build/fuzz-logs/$name)
    echo "ok - fuzz $name: $runs runs in '$seconds' s"
else
    tail -n 40 build/fuzz-logs/$name
    echo "not ok - fuzz $name: see build/fuzz-logs/$name and build/fuzz-found/$name-*"
fi'
# shellcheck disable=SC2086 # a list of words
printf '%s\n' $targets | xargs -P "${FUZZ_JOBS:-$(nproc)}" -I{} sh -c "$run_one" sh {} |
    tee build/fuzz-logs/.report
passed=$(grep -c '^ok - fuzz' build/fuzz-logs/.report)
failed=$(grep -c '^not ok - fuzz' build/fuzz-logs/.report)
[ -z "${MP_TOTALS:-}" ] || echo "$passed $failed 0" >>"$MP_TOTALS"
echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
