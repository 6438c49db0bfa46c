#!/bin/sh
# Builds as packagers do (release, LTO) and runs the benchmarks: bench.sh [argument of auth_bench…]
# Where the time goes: perf record -g build/bench/bench/auth_bench 9 2000 0 mailproof && perf report
set -eu
cd "$(dirname "$0")/.."
tools/install-packages.sh build dev
tools/build.sh build/bench --buildtype=release -Db_lto=true -Dbench=true -Dtests=false
grep -m1 '^model name' /proc/cpuinfo || true
openssl version 2>/dev/null || true
build/bench/bench/auth_bench "$@"
[ ! -x build/bench/bench/canon_bench ] || build/bench/bench/canon_bench
build/bench/bench/sandbox_bench
build/bench/bench/url_bench
build/bench/bench/image_bench
build/bench/bench/intel_bench
build/bench/bench/milter_bench
# The daemon, beside rspamd where it is installed.
bench/serve_bench.py build/bench
# Content inspection over the mail of others where it is there, and the hostile set in any case.
corpora=${MAILPROOF_SHARED:-../shared}/corpora
set --
for name in spamassassin-public-corpus phishing-pot rspamd-messages; do
    [ ! -d "$corpora/$name" ] || set -- "$@" "$corpora/$name"
done
build/bench/bench/content_bench 5 "$@"
[ $# -eq 0 ] || build/bench/bench/pdf_bench 9 "$@"
build/bench/bench/html_bench 9 "$@"
# ... and beside rspamd, where it is installed.
[ $# -eq 0 ] || bench/rspamd_bench.py build/bench "$@"
