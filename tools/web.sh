#!/bin/sh
# Builds the web pages from web/: web.sh [WORK [OUT]]
# Their files are committed, so that the C build needs no Node: src/capture/page is that of the
# capture server (web/sink), src/webapi/page that of the daemon (web/dashboard). Each gets index.html,
# csp.txt and sources.sha256, by which a test sees that they belong to these sources. WORK (default
# build/web) is where it happens; with OUT they are written to OUT/sink and OUT/dashboard.
set -eu
cd "$(dirname "$0")/.."
command -v npm >/dev/null 2>&1 || {
    echo "web.sh: the command npm is missing: tools/install-packages.sh web" >&2
    exit 1
}
root=$PWD
work=${1:-build/web}
configs="package.json package-lock.json tsconfig.json vite.config.js"
mkdir -p "$work"
rm -rf "$work/sink" "$work/dashboard" "$work/shared"
for each in $configs .npmrc shared; do
    cp -R "web/$each" "$work/"
done
for page in sink dashboard; do
    mkdir "$work/$page"
    cp -R "web/$page/index.html" "web/$page/src" "$work/$page/"
done

build() { # PAGE DIR
    out=${given:+$given/$1}
    out=${out:-$root/$2}
    mkdir -p "$out"
    out=$(cd "$out" && pwd)
    PAGE=$1 MP_PAGE_OUT=$out npx --no-install vite build --logLevel warn
    # shellcheck disable=SC2086
    find $configs "$1/index.html" "$1/src" shared -type f | LC_ALL=C sort | xargs sha256sum \
        >"$out/sources.sha256"
    printf '%s: %s bytes, %s compressed\n' "$1" "$(wc -c <"$out/index.html")" \
        "$(gzip -9 <"$out/index.html" | wc -c)"
}

given=${2:-}
[ -z "$given" ] || { mkdir -p "$given" && given=$(cd "$given" && pwd); }
cd "$work"
npm ci --ignore-scripts --no-progress --loglevel=error
npx --no-install tsc --noEmit
build sink src/capture/page
build dashboard src/webapi/page
