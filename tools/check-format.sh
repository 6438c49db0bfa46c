#!/bin/sh
# Is our C formatted as .clang-format says? Prints a TAP row; `--fix` formats instead.
# A check-out of git decides which files are ours; without git every .c and .h below our folders.
set -eu
cd "$(dirname "$0")/.."

if ! command -v clang-format >/dev/null 2>&1; then
    echo "1..0 # SKIP clang-format is not installed"
    exit 0
fi
files=$(git ls-files -- '*.c' '*.h' 2>/dev/null || true)
[ -n "$files" ] || files=$(find src include tests bench examples -name '*.[ch]')
existing=
for file in $files; do
    [ -e "$file" ] && existing="$existing $file"
done
if [ "${1:-}" = --fix ]; then
    # shellcheck disable=SC2086 # our file names have no spaces
    exec clang-format -i $existing
fi
echo "1..1"
# shellcheck disable=SC2086
if report=$(clang-format --dry-run --Werror $existing 2>&1); then
    echo "ok 1 - $(echo $existing | wc -w) files are formatted"
else
    echo "$report" | grep -E '^[^ ]+:[0-9]+:[0-9]+:' | cut -d: -f1,2 | sort -u | head -40 >&2
    echo "not ok 1 - files are formatted (make format mends it)"
    exit 1
fi
