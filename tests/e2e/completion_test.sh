#!/bin/bash
# The completion of bash as a shell calls it: completion_test.sh MAILPROOF SOURCE-ROOT. Prints TAP.
set -u
mailproof=$(realpath "$1")
root=$(realpath "$2")
# shellcheck source=packaging/completion/mailproof.bash
source "$root/packaging/completion/mailproof.bash"
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 1
mkdir mails
touch 'a mail.eml' site.yaml case.world own.yar
rows=0
failed=0

# What is offered behind these words, sorted, in one line; the last word is the one being typed.
offered() {
    COMP_WORDS=("$mailproof" "$@")
    COMP_CWORD=$#
    COMPREPLY=()
    _mailproof
    printf '%s\n' "${COMPREPLY[@]}" | LC_ALL=C sort | paste -sd' '
}

row() { # label got wanted
    rows=$((rows + 1))
    if [ "$2" = "$3" ]; then
        echo "ok $rows - $1"
    else
        failed=$((failed + 1))
        printf '# got:    %s\n# wanted: %s\nnot ok %d - %s\n' "$2" "$3" "$rows" "$1"
    fi
}

all_options() { # command
    "$mailproof" help "$1" | grep -oE -- '--[a-z][a-z-]+' | LC_ALL=C sort -u | paste -sd' '
}

# Every word offered for the option is one that the program takes.
taken() { # command option arguments…
    local command=$1 option=$2 value refused='' words
    shift 2
    words=$(offered "$command" "$option" '')
    [ -n "$words" ] || refused='(nothing offered)'
    for value in $words; do
        "$mailproof" "$command" "$option" "$value" "$@" >/dev/null 2>"$dir/err" </dev/null
        grep -q -e "$option" "$dir/err" && refused="$refused $value"
    done
    row "every word for $command $option is taken" "$refused" ''
}

row 'commands' "$(offered '')" 'audit check doctor explain forge help intel keygen lint probe report run scan seal serve sign sink version wait'
row 'commands by their beginning' "$(offered s)" 'scan seal serve sign sink'
for command in scan sign seal keygen lint; do
    row "all options of $command" "$(offered "$command" --)" "$(all_options "$command")"
done
row 'suites' "$(offered lint '')" 'mails site.yaml'
row 'an option by its beginning' "$(offered scan --fa)" '--fail-on'
row 'options after others' "$(offered scan --mbox --ip 192.0.2.1 --verb)" '--verbose'
row 'formats' "$(offered scan --format '')" 'github json jsonl junit markdown sarif tap text'
row 'formats by their beginning' "$(offered scan --format j)" 'json jsonl junit'
row 'severities' "$(offered scan --fail-on '')" 'critical high info low medium'
row 'nothing for an address' "$(offered scan --ip '')" ''
row 'policies and directories' "$(offered scan --policy '')" 'mails site.yaml'
row 'configurations of the daemon' "$(offered serve --config '')" 'mails site.yaml'
row 'files with spaces are one word' "$(offered scan a)" 'a mail.eml'
row 'files after options' "$(offered scan --mbox c)" 'case.world'
row 'help of a command' "$(offered help ke)" 'keygen'
row 'findings' "$(offered explain auth.dmarc.f)" 'auth.dmarc.fail'
row 'addresses of a scanner' "$(offered doctor --clamd '')" 'unix:'
row 'rules and directories' "$(offered doctor --yara '')" 'mails own.yar'
row 'folders of lists' "$(offered doctor --data '')" 'mails'
row 'formats of the doctor' "$(offered doctor --format p)" 'prometheus'
row 'verbs of intel' "$(offered intel '')" 'export lookup stats update'
row 'formats of an export' "$(offered intel export --format '')" 'csv jsonl plain'
row 'levels of TLP' "$(offered intel export --tlp a)" 'amber amber+strict'
row 'no file after keygen' "$(offered keygen '')" ''

printf 'From: a@b.example\r\n\r\nx\r\n' >mail.eml
: >empty.zone
for option in --format --fail-on --color --dmarc-discovery --exit --only --time; do
    taken scan "$option" --zone empty.zone mail.eml
done
taken keygen --type 'no domain' # so that no key is made
taken keygen --bits 'no domain'
taken sign --canon --key none
echo "1..$rows"
[ "$failed" -eq 0 ]
