#!/bin/sh
# The main job on real input: six messages that this project carries, judged from an example zone.
# Usage: tools/demo.sh BUILD-DIRECTORY (make demo builds it first)
set -u
build=$1
cd "$(dirname "$0")/.." || exit 2
mailproof=$build/mailproof

say() { printf '\n\033[1m== %s\033[0m\n' "$*"; }
[ -t 1 ] || say() { printf '\n== %s\n' "$*"; }

say "Six messages, one zone file, nothing from the network"
echo "   $ mailproof scan --zone examples/demo/zone.db --trust-sealer lists.example --batch examples/demo/batch.jsonl"
"$mailproof" scan --zone examples/demo/zone.db --authserv-id mx.customer.example \
    --trust-sealer lists.example --batch examples/demo/batch.jsonl
code=$?
say "Exit code $code: some of them must fail (0 passed, 1 failed, 2 usage, 3 undecided)"
[ "$code" -eq 1 ] || { echo "the demo expected 1" >&2; exit 1; }

say "The first one in full (--verbose)"
"$mailproof" scan --zone examples/demo/zone.db --authserv-id mx.customer.example --verbose \
    --ip 192.0.2.10 --helo mx.good.example --mail-from ana@good.example \
    --time 2026-11-23T00:00:00Z examples/demo/1-good.eml || exit 1

say "Your own mail"
cat <<TEXT
  a file, asking your resolver   mailproof scan --envelope-from-headers message.eml
  a mailbox, as JSON lines       mailproof scan --format jsonl --time received ~/Maildir
  in a pipeline                  mailproof scan --format junit -o report.xml outgoing/
  what a finding means           mailproof explain auth.dmarc.fail
The program is $mailproof; \`make install\` puts it on your PATH.
TEXT
