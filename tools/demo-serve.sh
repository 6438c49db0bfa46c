#!/bin/sh
# The daemon on this machine, without root and without the network: it gets a configuration, keys and
# a token in build/demo, a flow of good, forged and own mail, and its dashboard stays open until Ctrl-C.
# Without a terminal, or with DEMO_ONCE=1, it ends after the flow; exit code 1 when a verdict was wrong.
# Usage: tools/demo-serve.sh BUILD-DIRECTORY [DIRECTORY] (make demo builds the first)
set -u
mailproof=$(realpath "$1")/mailproof
cd "$(dirname "$0")/.." || exit 2
dir=${2:-$(dirname "$1")/demo}
rm -rf "$dir" && mkdir -p "$dir/state" && dir=$(realpath "$dir") || exit 2
short=
# The names of sockets have room for 107 bytes.
[ ${#dir} -lt 80 ] || { short=$(mktemp -d) && dir=$short; }
daemon='' feeder=''

say() { printf '\n\033[1m== %s\033[0m\n' "$*"; }
[ -t 1 ] || say() { printf '\n== %s\n' "$*"; }
end() { # exit code: only what was started here ends
    trap '' INT TERM
    [ -z "$feeder" ] || kill "$feeder" 2>/dev/null
    [ -z "$daemon" ] || { kill "$daemon" 2>/dev/null && wait "$daemon"; }
    [ -z "$short" ] || rm -rf "$short"
    exit "$1"
}
fail() { echo "$*" >&2; [ ! -f "$dir/log" ] || tail -5 "$dir/log" >&2; end 1; }
trap 'echo; echo "Ending the daemon."; end 0' INT
trap 'end 143' TERM
trap 'end 1' HUP

say "The daemon: keys, a token and a configuration of its own, all in ${dir#"$PWD"/}"
cp -r examples/demo/serve.yaml examples/demo/serve-policy.yaml examples/demo/watch.yaml \
    examples/demo/intel examples/demo/zone.db "$dir" || end 2
(
    umask 077
    python3 -c 'import secrets; print(secrets.token_hex(16))' >"$dir/token"
    cd "$dir" || exit 1
    for key in customer.example:demo good.example:live; do
        "$mailproof" keygen --selector "${key#*:}" -o "${key%:*}.${key#*:}.pem" "${key%:*}" \
            2>>keys.log >>zone.db || exit 1
    done
    cat >>zone.db <<'ZONE'
customer.example.         TXT "v=spf1 ip4:192.0.2.25 -all"
_dmarc.customer.example.  TXT "v=DMARC1; p=reject"
ZONE
) || fail "no keys: $(cat "$dir/keys.log")"
port=$(python3 - <<'PY'
import socket
for port in (8890, 0):
    try:
        with socket.create_server(("127.0.0.1", port)) as s:
            print(s.getsockname()[1])
            break
    except OSError:
        pass
PY
)
sed -i "s/127.0.0.1:8890/127.0.0.1:$port/; s|/DEMO|$dir|" "$dir/serve.yaml"
[ "$(id -u)" -ne 0 ] || printf 'user: root\ngroup: root\n' >>"$dir/serve.yaml"
"$mailproof" intel update --intel-store "$dir/state/intel" \
    --intel-config "$dir/intel/intel.yaml" >"$dir/intel.log" 2>&1 || fail "no feeds: $(cat "$dir/intel.log")"
echo "   $ mailproof serve --config ${dir#"$PWD"/}/serve.yaml"
"$mailproof" serve --config "$dir/serve.yaml" 2>"$dir/log" &
daemon=$!
n=0
until grep -q '"daemon.ready"' "$dir/log"; do
    n=$((n + 1))
    kill -0 "$daemon" 2>/dev/null || fail "the daemon does not start:"
    [ $n -lt 300 ] || fail "the daemon is not ready after 30 seconds:"
    sleep 0.1
done
# Reports of another receiver about our domain, for the page of the domain.
day=$(($(date +%s) / 86400 * 86400 - 86400))
sed "s/@BEGIN@/$day/; s/@END@/$((day + 86399))/" examples/demo/report.xml >"$dir/report.xml"
"$mailproof" report --format none --store "$dir/state/reports" "$dir/report.xml" 2>"$dir/report.log" ||
    fail "the report was not taken"

say "A flow of mail, as a mail server tells it to the daemon: partners, forgers, ourselves"
echo "   $ examples/demo/flow.py ${dir#"$PWD"/}"
python3 examples/demo/flow.py "$dir" "$port" "$mailproof"
code=$?
[ $code -eq 0 ] || fail "the flow did not go as it should"

if command -v curl >/dev/null; then
    say "The same question by hand"
    echo "   $ curl -H \"Authorization: Bearer \$TOKEN\" --data-binary @examples/demo/3-spoof.eml \\"
    echo "       'http://127.0.0.1:$port/v1/scan?ip=203.0.113.66&mail_from=ana@good.example'"
    curl -fsS -H "Authorization: Bearer $(cat "$dir/token")" -H 'Content-Type: message/rfc822' \
        --data-binary @examples/demo/3-spoof.eml \
        "http://127.0.0.1:$port/v1/scan?ip=203.0.113.66&mail_from=ana%40good.example" |
        python3 -c 'import json, sys
verdict = json.load(sys.stdin)["verdict"]
print("   " + verdict["action"] + ": " + " ".join(verdict["reasons"]))
sys.exit(verdict["action"] != "reject")' || fail "the demo expected reject"
fi

say "The dashboard"
printf '   address  http://127.0.0.1:%s/\n   token    %s\n' "$port" "$(cat "$dir/token")"
if [ ! -t 1 ] || [ -n "${DEMO_ONCE:-}" ]; then
    echo "   It ends here: there is no terminal, or DEMO_ONCE is set."
    kill "$daemon"
    wait "$daemon"
    code=$?
    daemon=''
    [ $code -eq 0 ] || fail "the daemon ended with $code"
    end 0
fi
printf '\nMail goes on coming. Ctrl-C ends the daemon.\n'
python3 examples/demo/flow.py "$dir" "$port" "$mailproof" --go-on 2>"$dir/flow.log" &
feeder=$!
wait "$daemon"
daemon=''
fail "the daemon has ended:"
