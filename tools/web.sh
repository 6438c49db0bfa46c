#!/bin/sh
# Builds the web page of the capture server from web/sink: web.sh [DIR [WORK]]
# DIR (default src/capture/page, whose files are committed so that the C build needs no Node) gets
# index.html, csp.txt and sources.sha256, by which a test sees that they belong to these sources. WORK (default build/web) is where it happens.
set -eu
cd "$(dirname "$0")/.."
out=${1:-src/capture/page}
mkdir -p "$out"
out=$(cd "$out" && pwd)

command -v npm >/dev/null 2>&1 || {
    echo "web.sh: the command npm is missing: tools/install-packages.sh web" >&2
    exit 1
}
work=${2:-build/web}
mkdir -p "$work"
rm -rf "$work/src"
for each in index.html package.json package-lock.json tsconfig.json vite.config.js .npmrc src; do
    cp -R "web/sink/$each" "$work/"
done
cd "$work"
npm ci --ignore-scripts --no-progress --loglevel=error
npx --no-install tsc --noEmit
MP_PAGE_OUT=$out npx --no-install vite build --logLevel warn
find index.html package.json package-lock.json tsconfig.json vite.config.js src -type f |
    LC_ALL=C sort | xargs sha256sum >"$out/sources.sha256"
printf 'page: %s bytes, %s compressed\n' "$(wc -c <"$out/index.html")" \
    "$(gzip -9 <"$out/index.html" | wc -c)"
