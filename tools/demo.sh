#!/bin/sh
# The main jobs on real input: six messages that this project carries, judged from an example zone;
# one whose attachment only some readers see, a phish, a document with a macro, a mail that feeds know;
# a domain audited before it is published; two mail servers on this machine, one of them broken; an
# application's mail caught by the capture server; a whole flow as a suite.
# Last the daemon, with a flow of mail and its dashboard, until Ctrl-C (tools/demo-serve.sh).
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

say "An attachment that only some programs see: some readers show a note, others a script"
echo "   $ mailproof scan --only content examples/demo/7-two-readers.eml"
"$mailproof" scan --only content examples/demo/7-two-readers.eml
[ $? -eq 1 ] || { echo "the demo expected 1 from the smuggled script" >&2; exit 1; }

say "A phish: who writes, where the link really leads, what is hidden, what it presses for"
echo "   $ mailproof scan --only content --own-domain customer.example --rcpt bob@customer.example examples/demo/8-phish.eml"
"$mailproof" scan --only content --own-domain customer.example --rcpt bob@customer.example \
    examples/demo/8-phish.eml
[ $? -eq 1 ] || { echo "the demo expected 1 from the phish" >&2; exit 1; }

say "A document with a macro that starts by itself (it only shows a box), and the macro's source"
echo "   $ mailproof forge macro | mailproof scan --only content --verbose -"
"$mailproof" forge macro | "$mailproof" scan --only content --verbose -
[ $? -eq 1 ] || { echo "the demo expected 1 from the macro" >&2; exit 1; }

say "What others know: three small feeds into a store, and a mail with a listed link, file and client"
echo "   $ mailproof intel update --intel-config examples/demo/intel/intel.yaml"
intel=$(mktemp -d)
trap 'rm -rf "$intel"' EXIT
"$mailproof" intel update --intel-store "$intel/store" \
    --intel-config examples/demo/intel/intel.yaml || exit 1
echo "   $ mailproof scan --only intel --ip 198.51.100.66 examples/demo/9-listed.eml"
"$mailproof" scan --only intel --intel-store "$intel/store" --ip 198.51.100.66 \
    examples/demo/9-listed.eml
[ $? -eq 1 ] || { echo "the demo expected 1 from the listed mail" >&2; exit 1; }
echo "   $ mailproof intel lookup 'hxxp://files[.]example/stolen/login.html'"
"$mailproof" intel lookup --intel-store "$intel/store" 'hxxp://files[.]example/stolen/login.html'
[ $? -eq 1 ] || { echo "the demo expected 1 from the listed link" >&2; exit 1; }

say "A domain, before its zone file is published"
echo "   $ mailproof audit --zone-file examples/demo/shop.zone --fail-on critical shop.example"
"$mailproof" audit --zone examples/demo/zone.db --zone-file examples/demo/shop.zone \
    --no-connect --no-https --fail-on critical shop.example || exit 1

say "Two mail servers: one as it should be, and one that lets itself be tampered with"
state=$(mktemp -d)
cat tests/keys/tls/good.key tests/keys/tls/good-chain.pem >"$state/chain"
python3 tests/e2e/peers/faulty.py --chain "$state/chain" good starttls-injects >"$state/ports" &
servers=$!
trap 'kill "$servers" 2>/dev/null; rm -rf "$state" "$intel"' EXIT
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    [ "$(wc -l <"$state/ports")" -eq 2 ] && break
    sleep 0.2
done
probe() { # fault: probes the server that has it
    port=$(sed -n "s/^$1 .*://p" "$state/ports")
    "$mailproof" probe --zone examples/demo/probe.zone --ca-file tests/keys/tls/root.pem \
        --allow-private --port "$port" --to ana@good.test --no-catch-all good.test
}
echo "   $ mailproof probe --to ana@good.test good.test"
probe good || exit 1
probe starttls-injects
[ $? -eq 1 ] || { echo "the demo expected 1 from the broken server" >&2; exit 1; }

say "An application under test: its mail is caught, and the test reads link and code from it"
cat >"$state/test.sh" <<'TEST'
to="ana+$$@app.example"
cat >"$state/mail" <<MAIL
From: Shop <shop@app.example>
To: $to
Subject: Please confirm your address

Confirm with https://app.example/confirm?id=17 or with the code 482913.
MAIL
"$mailproof" wait --via "smtp://$MAILPROOF_SINK_SMTP" --from shop@app.example --to "$to" \
    --message "$state/mail" --within 10s --extract link=/confirm,otp --sink "$MAILPROOF_SINK_HTTP"
TEST
# shellcheck disable=SC2016 # words of the example
echo '   $ mailproof sink -- ./test.sh    # wait --extract link=/confirm,otp --sink $MAILPROOF_SINK_HTTP'
state=$state mailproof=$mailproof "$mailproof" sink --memory --listen 127.0.0.1:0 \
    --http 127.0.0.1:0 -- sh "$state/test.sh" >"$state/found" 2>"$state/sink.log" ||
    { cat "$state/sink.log"; exit 1; }
cat "$state/found"
grep -qx 482913 "$state/found" || { echo "the demo expected the code" >&2; exit 1; }

say "A whole flow as a suite, through a server of its own: what CI runs before a change goes live"
echo "   $ mailproof run -j 4 --junit report.xml examples/suites/demo.yaml"
"$mailproof" run --zone examples/suites/dns/demo.zone -j 4 --junit "$state/report.xml" \
    examples/suites/demo.yaml || exit 1

say "The same with a mistake in it: the server it asks for takes unknown recipients"
sed 's/nobody+550-5.1.1@/nobody@/' examples/suites/demo.yaml >"$state/broken.yaml"
cp -r examples/suites/dns "$state/"
"$mailproof" run --zone examples/suites/dns/demo.zone --only '*rcpt*' "$state/broken.yaml"
[ $? -eq 1 ] || { echo "the demo expected 1 from the suite that is broken" >&2; exit 1; }

say "Your own mail"
cat <<TEXT
  your servers                   mailproof probe example.org
  your domain                    mailproof audit example.org
  a file, asking your resolver   mailproof scan --envelope-from-headers message.eml
  a mailbox, as JSON lines       mailproof scan --format jsonl --time received ~/Maildir
  your application's mail        mailproof sink -- ./run-tests.sh
  live mail, Postfix before it   mailproof serve (docs/serve.md)
  a mail that must arrive        mailproof wait --via smtp://mx.example.org ... imaps://imap.example.org
  in a pipeline                  mailproof lint gate.yaml; mailproof run --junit report.xml gate.yaml
  what a finding means           mailproof explain auth.dmarc.fail
The program is $mailproof; \`make install\` puts it on your PATH.
TEXT
kill "$servers" 2>/dev/null
rm -rf "$state" "$intel"
trap - EXIT
exec tools/demo-serve.sh "$build"
