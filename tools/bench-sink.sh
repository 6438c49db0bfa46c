#!/bin/sh
# Builds as packagers do and measures the capture server beside others: bench-sink.sh [option of
# bench/sink_bench.py…]
set -eu
cd "$(dirname "$0")/.."
tools/install-packages.sh build
tools/build.sh build/bench --buildtype=release -Db_lto=true -Dbench=true -Dtests=false
grep -m1 '^model name' /proc/cpuinfo || true
exec bench/sink_bench.py build/bench "$@"
