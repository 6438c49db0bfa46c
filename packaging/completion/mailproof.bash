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
    "$program" help "$1" 2>/dev/null | grep -oE '(^| )--[a-z][a-z-]+' | tr -d ' '
}

_mailproof_findings() {
    "$program" explain 2>/dev/null | cut -d' ' -f1
}

# The value of an option; fails when it is one that this cannot know.
_mailproof_value() { # command option
    case $2 in
    --format) _mailproof_reply text json jsonl sarif junit tap github ;;
    --fail-on) _mailproof_reply info low medium high critical ;;
    --color | --colour) _mailproof_reply auto always never ;;
    --dmarc-discovery) _mailproof_reply tree-walk psl ;;
    --exit) _mailproof_reply sysexits nagios ;;
    --only) _mailproof_reply auth ;;
    --type) _mailproof_reply rsa ed25519 ;;
    --bits) _mailproof_reply 2048 3072 4096 ;;
    --canon) _mailproof_reply relaxed/relaxed relaxed/simple simple/relaxed simple/simple ;;
    --time) if [[ $1 == scan ]]; then _mailproof_reply now received; else _mailproof_reply now; fi ;;
    --policy) _mailproof_files '*.y*ml' ;;
    --record) _mailproof_files '*.world' ;;
    --zone | --batch | --write-message | --trust-anchor | --output | -o) _mailproof_any_file ;;
    --ip | --helo | --mail-from | --rcpt | --resolver | --timeout | --authserv-id | --trust-sealer | \
        --jobs | --key | -k | --auth-results | --headers | --identity | --expire | --selector)
        COMPREPLY=() ;;
    *) return 1 ;;
    esac
}

_mailproof() {
    local program=${COMP_WORDS[0]} word=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
    local command=${COMP_WORDS[1]:-}
    COMPREPLY=()
    if ((COMP_CWORD == 1)); then
        _mailproof_reply "$(_mailproof_commands)"
    elif ((COMP_CWORD > 2)) && _mailproof_value "$command" "$previous"; then
        return
    elif [[ $word == -* ]]; then
        _mailproof_reply "$(_mailproof_options "$command")"
    elif [[ $command == help ]]; then
        _mailproof_reply "$(_mailproof_commands)"
    elif [[ $command == explain ]]; then
        _mailproof_reply "$(_mailproof_findings)"
    elif [[ $command == scan || $command == sign || $command == seal ]]; then
        _mailproof_any_file
    fi
}

complete -F _mailproof mailproof
