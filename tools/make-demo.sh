#!/bin/sh
# Make the messages of examples/demo anew: fresh keys, signed and sealed by mailproof itself, an
# example zone, and a world for each case. The private keys are thrown away.
# Usage: tools/make-demo.sh PATH-OF-MAILPROOF
set -eu
mailproof=$1
root=$(cd "$(dirname "$0")/.." && pwd)
out=$root/examples/demo
keys=$(mktemp -d)
trap 'rm -rf "$keys"' EXIT
time=1795392000 # 2026-11-23T00:00:00Z
cd "$keys"

crlf() { sed 's/$/\r/'; }
key() { "$mailproof" keygen "$1" --selector "$2" --type "$3" -o "$1.$2.pem" 2>/dev/null >>records; }

key good.example s2026 rsa
key good.example e2026 ed25519
key lists.example arc rsa
key attacker.example s1 rsa

{
    cat <<'ZONE'
; The world of the demo: example domains only, documentation addresses only (RFC 2606, RFC 5737).
$TTL 300
good.example.             TXT "v=spf1 ip4:192.0.2.10 include:_spf.mailer.example -all"
_spf.mailer.example.      TXT "v=spf1 ip4:198.51.100.0/28 a:out.mailer.example ?all"
out.mailer.example.       A   198.51.100.77
_dmarc.good.example.      TXT "v=DMARC1; p=reject; rua=mailto:dmarc@good.example"
good.example.             MX  10 mx.good.example.
mx.good.example.          A   192.0.2.10
lists.example.            TXT "v=spf1 ip4:203.0.113.5 -all"
_dmarc.lists.example.     TXT "v=DMARC1; p=none"
attacker.example.         TXT "v=spf1 ip4:203.0.113.66 -all"
_dmarc.attacker.example.  TXT "v=DMARC1; p=none"
ZONE
    cat records
} >"$out/zone.db"

base() {
    cat <<'MAIL'
From: "Ana Ortiz" <ana@good.example>
To: Ben <ben@customer.example>
Subject: Invoice 2026-117
Date: Mon, 23 Nov 2026 00:00:00 +0000
Message-ID: <117.2026@good.example>
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8

Hello Ben,

the invoice for November is 1,240.00 EUR, payable to the account you know.

Ana
MAIL
}

good_key=good.example:s2026:good.example.s2026.pem
base | crlf >plain.eml
"$mailproof" sign --key "$good_key" --key good.example:e2026:good.example.e2026.pem --time $time \
    plain.eml -o "$out/1-good.eml"

# A list changes the subject and adds a footer, so the author's signature breaks; it seals what it
# saw before.
"$mailproof" seal --key lists.example:arc:lists.example.arc.pem --zone "$out/zone.db" \
    --authserv-id lists.example --ip 192.0.2.10 --helo mx.good.example \
    --mail-from ana@good.example --time $time --fields-only "$out/1-good.eml" -o results 2>/dev/null
seen=$(sed -n '/^ARC-Authentication-Results:/,$p' results | tr -d '\r\n\t' | sed 's/^[^;]*;[^;]*; *//')
{
    sed 's/^Subject: /Subject: [billing] /' "$out/1-good.eml"
    printf '%s\r\n' '--' 'You get this because you are on billing@lists.example.'
} >altered.eml
"$mailproof" seal --key lists.example:arc:lists.example.arc.pem --zone "$out/zone.db" \
    --authserv-id lists.example --auth-results "$seen" --time $time altered.eml \
    -o "$out/2-forwarded.eml"

base | sed 's/the account you know/IBAN XX00 0000 0000 0000/' | crlf >spoof.eml
"$mailproof" sign --key attacker.example:s1:attacker.example.s1.pem --time $time spoof.eml \
    -o "$out/3-spoof.eml"

sed 's/1,240.00/9,240.00/' "$out/1-good.eml" >"$out/4-broken-signature.eml"

# The signature covers the lower From; the upper one, which many readers show, was added after it.
base | sed 's/^From: .*/From: Service <service@attacker.example>/' | crlf >one.eml
"$mailproof" sign --key attacker.example:s1:attacker.example.s1.pem --time $time \
    --headers from:subject:date:message-id one.eml -o signed.eml
{ printf 'From: "Ana Ortiz" <ana@good.example>\r\n'; cat signed.eml; } >"$out/5-two-from.eml"

{
    sed 's/^From: .*/From: Newsletter <news@attacker.example>\r/; s/^Subject: .*/Subject: Our offer\r/' plain.eml
    printf '\n.\r\nMAIL FROM:<ana@good.example>\r\nRCPT TO:<ben@customer.example>\r\nDATA\r\n'
    cat plain.eml
} >smuggle.eml
"$mailproof" sign --key attacker.example:s1:attacker.example.s1.pem --time $time smuggle.eml \
    -o "$out/6-smuggled.eml"

line() { printf '{"file":"%s","ip":"%s","helo":"%s","mail_from":"%s","time":%s}\n' "$@" $time; }
{
    line examples/demo/1-good.eml 192.0.2.10 mx.good.example ana@good.example
    line examples/demo/2-forwarded.eml 203.0.113.5 lists.example billing-bounces@lists.example
    line examples/demo/3-spoof.eml 203.0.113.66 attacker.example ana@attacker.example
    line examples/demo/4-broken-signature.eml 203.0.113.66 mx.good.example ana@good.example
    line examples/demo/5-two-from.eml 203.0.113.66 attacker.example service@attacker.example
    line examples/demo/6-smuggled.eml 203.0.113.66 attacker.example news@attacker.example
} >"$out/batch.jsonl"
# The same cases as worlds, so that `make check` replays them.
world() {
    "$mailproof" scan --zone "$out/zone.db" --authserv-id mx.customer.example \
        --trust-sealer lists.example --time $time --ip "$3" --helo "$4" --mail-from "$5" \
        --record "$root/tests/worlds/demo-$1.world" "$out/$2" >/dev/null || [ $? -eq 1 ]
}
world good 1-good.eml 192.0.2.10 mx.good.example ana@good.example
world forwarded 2-forwarded.eml 203.0.113.5 lists.example billing-bounces@lists.example
world spoof 3-spoof.eml 203.0.113.66 attacker.example ana@attacker.example
world broken-signature 4-broken-signature.eml 203.0.113.66 mx.good.example ana@good.example
world two-from 5-two-from.eml 203.0.113.66 attacker.example service@attacker.example
world smuggled 6-smuggled.eml 203.0.113.66 attacker.example news@attacker.example
echo "made anew: $out"
