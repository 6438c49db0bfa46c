# Completion of mailproof for bash: commands, options and their words.
# Commands, options and findings are asked of the program itself, so they are never out of date.

_mailproof_reply() { # words…
    mapfile -t COMPREPLY < <(compgen -W "$*" -- "$word")
}

_mailproof_files() { # glob of suffixes, directories always
    local IFS=$'\n'
    compopt -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(compgen -f -X "!$1" -- "$word"; compgen -d -- "$word")
}

_mailproof_any_file() {
    compopt -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(compgen -f -- "$word")
}

_mailproof_commands() {
    "$program" help 2>/dev/null | sed -n 's/^  \([a-z]*\) .*/\1/p'
}

_mailproof_options() { # command
    "$program" help "$1" 2>/dev/null | grep -oE '(^| )--[a-z0-9][a-z0-9-]+' | tr -d ' '
}

_mailproof_findings() {
    "$program" explain 2>/dev/null | cut -d' ' -f1
}

# The value of an option; fails when it is one that this cannot know.
_mailproof_value() { # command option
    case $2 in
    --format)
        if [[ $1 == forge ]]; then
            _mailproof_reply eml mbox jsonl batch text json
            return
        fi
        if [[ $1 == intel && ${COMP_WORDS[2]:-} == export ]]; then
            _mailproof_reply csv jsonl plain
            return
        fi
        if [[ $1 == report ]]; then
            _mailproof_reply text json jsonl csv none
            return
        fi
        if [[ $1 == sink ]]; then
            _mailproof_reply text jsonl none
            return
        fi
        _mailproof_reply text json jsonl sarif junit tap github markdown
        [[ $1 != probe && $1 != audit && $1 != wait && $1 != doctor && $1 != intel ]] || _mailproof_reply "${COMPREPLY[@]}" prometheus
        ;;
    --tls) _mailproof_reply auto off required ;;
    --auth)
        _mailproof_any_file
        _mailproof_reply any off "${COMPREPLY[@]}"
        ;;
    --profile) _mailproof_reply auto sending receiving parked ;;
    --stop-after) _mailproof_reply CONNECT FIRST-EHLO TLS AUTH MAIL RCPT DATA ;;
    --auth-mech)
        _mailproof_reply SCRAM-SHA-256-PLUS SCRAM-SHA-1-PLUS SCRAM-SHA-256 SCRAM-SHA-1 CRAM-MD5 \
            OAUTHBEARER XOAUTH2 PLAIN LOGIN
        ;;
    --tls-version) _mailproof_reply TLSv1 TLSv1.1 TLSv1.2 TLSv1.3 TLSv1.2+ TLSv1.3+ ;;
    --ret) _mailproof_reply FULL HDRS ;;
    --dsn) _mailproof_reply NEVER SUCCESS FAILURE DELAY ;;
    --proxy-version) _mailproof_reply 1 2 ;;
    --fail-on) _mailproof_reply info low medium high critical ;;
    --color | --colour) _mailproof_reply auto always never ;;
    --dmarc-discovery) _mailproof_reply tree-walk psl ;;
    --exit) _mailproof_reply sysexits nagios ;;
    --only) if [[ $1 == scan ]]; then _mailproof_reply auth content intel auth,content; else COMPREPLY=(); fi ;;
    --transcript | --state)
        compopt -o filenames 2>/dev/null
        mapfile -t COMPREPLY < <(compgen -d -- "$word")
        ;;
    --attachment)
        _mailproof_reply "$("$program" forge --attachment '' 2>&1 | sed -n 's/.*known are //p' | tr -d ,)"
        ;;
    --clamd)
        if [[ $word == unix:* ]]; then
            compopt -o nospace 2>/dev/null
            mapfile -t COMPREPLY < <(compgen -f -- "${word#unix:}")
        else
            _mailproof_reply unix:
        fi
        ;;
    --yara) _mailproof_files '*.yar*' ;;
    --intel-config) _mailproof_files '*.y*ml' ;;
    --intel-store)
        compopt -o filenames 2>/dev/null
        mapfile -t COMPREPLY < <(compgen -d -- "$word"; compgen -W none -- "$word")
        ;;
    --kind) _mailproof_reply url host domain ip md5 sha1 sha256 email ;;
    --tlp) _mailproof_reply clear green amber amber+strict red ;;
    --feed) COMPREPLY=() ;;
    --ask | --own-domain) COMPREPLY=() ;;
    --data)
        COMPREPLY=()
        [[ $1 == probe ]] || {
            compopt -o filenames 2>/dev/null
            mapfile -t COMPREPLY < <(compgen -d -- "$word")
        }
        ;;
    --extract)
        if [[ $1 == scan ]]; then
            compopt -o filenames 2>/dev/null
            mapfile -t COMPREPLY < <(compgen -d -- "$word")
            return
        fi
        _mailproof_reply link links otp otps link,otp
        ;;
    --release-tls) _mailproof_reply auto verify implicit ;;
    --type) _mailproof_reply rsa ed25519 ;;
    --bits) _mailproof_reply 2048 3072 4096 ;;
    --canon) _mailproof_reply relaxed/relaxed relaxed/simple simple/relaxed simple/simple ;;
    --time) if [[ $1 == scan ]]; then _mailproof_reply now received; else _mailproof_reply now; fi ;;
    --env) _mailproof_any_file ;;
    --var) COMPREPLY=() ;;
    --policy | --config) _mailproof_files '*.y*ml' ;;
    --record) _mailproof_files '*.world' ;;
    --zone | --batch | --write-message | --trust-anchor | --output | -o | --ca-file | --textfile | \
        --zone-file | --diff | --tls-cert | --tls-key | --show-cert | --auth-password-file | \
        --attach | --sts-cache | --store | --cert | --script | --wait-file | --token-file | --http-cert | --release-ca | \
        --http-key | --password-file | --sent | --message | --env | --junit | --sarif | --tap | --json | \
        --jsonl | --markdown)
        _mailproof_any_file
        ;;
    --ip | --helo | --mail-from | --rcpt | --resolver | --timeout | --authserv-id | --trust-sealer | \
        --jobs | --key | -k | --auth-results | --headers | --identity | --expire | --selector | \
        --server | --port | --to | --from | --verify-name | --sni | --tls-cipher | --auth-user | \
        --xclient-* | --proxy* | --body | --header | --source-address | --retry-after | \
        --relay-to | --sequences | --stage-timeout | --envid | --orcpt | --size | --dnsbl | \
        --smtp-port | --https-port | --cert-days | --attacker | --attacker-key | --attacker-ip | \
        --subject | --tag | --seed | --listen | --lmtp | --tls-listen | --max-* | --idle-timeout | \
        --hostname | --domain | --http | --http-host | --release-via | --release-allow | \
        --sink | --inbox | --user | --*-env | --folder | --message-id | --within | --warn | --crit | \
        --settle | --status | --copies | --expect-folder | --slow-hop | --via | --var | -j | -w | -c | \
        --warning | --critical)
        COMPREPLY=()
        ;;
    *) return 1 ;;
    esac
}

_mailproof() {
    local program=${COMP_WORDS[0]} word=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
    local command=${COMP_WORDS[1]:-}
    COMPREPLY=()
    if ((COMP_CWORD == 1)); then
        _mailproof_reply "$(_mailproof_commands)"
    elif [[ $command == intel ]] && ((COMP_CWORD == 2)); then
        _mailproof_reply update lookup stats export
    elif ((COMP_CWORD > 2)) && _mailproof_value "$command" "$previous"; then
        return
    elif [[ $word == -* ]]; then
        _mailproof_reply "$(_mailproof_options "$command")"
    elif [[ $command == help ]]; then
        _mailproof_reply "$(_mailproof_commands)"
    elif [[ $command == forge ]]; then
        _mailproof_reply "all $("$program" forge --list 2>/dev/null | sed -n 's/^ *\([a-z][a-z0-9-]*\)[: ].*/\1/p; s/^\([a-z]*\):$/\1/p')"
    elif [[ $command == explain ]]; then
        _mailproof_reply "$(_mailproof_findings)"
    elif [[ $command == lint ]]; then
        _mailproof_files '*.y*ml'
    elif [[ $command == report ]]; then
        _mailproof_any_file
        ((COMP_CWORD > 2)) || _mailproof_reply generate "${COMPREPLY[@]}"
    elif [[ $command == scan || $command == sign || $command == seal ]]; then
        _mailproof_any_file
    elif [[ $command == run || $command == check ]]; then
        _mailproof_files '*.y*ml'
    fi
}

complete -F _mailproof mailproof
