#!/bin/sh
# Installs what is missing of Debian's packages: install-packages.sh [SET...]
#   compile  what it takes to build the command and run it, and nothing else (ci/build.sh)
#   build  what it takes to build, test and demonstrate (the default)
#   dev    what CI has beside it: clang, fuzzing, a name server to test with, the benchmark's rival
#          (its packages start services, so `make check` leaves them alone and skips what needs them)
#   peers  the mail and name servers that tests/e2e runs in a namespace of its own. Their services
#          are kept from starting, and nothing that is installed is removed for them (another MTA):
#          then they stay out, and the tests that need them say "skipped"
#   web    npm to build the web pages again, and a browser to test them. Each on its
#          own and only where the command is missing: Node may come from elsewhere, and a browser
#          that cannot be had is no reason to do without the other
# Quick when everything is there. On other systems it names the packages and goes on.
set -eu

compile="gcc libc6-dev make meson ninja-build pkg-config python3
    libssl-dev libidn2-dev libpsl-dev libunbound-dev libevent-dev libjansson-dev libfyaml-dev
    libcurl4-openssl-dev libexpat1-dev libsqlite3-dev libmicrohttpd-dev dns-root-data
    zlib1g-dev libarchive-dev libseccomp-dev libyara-dev"
build="$compile python3-jsonschema python3-yaml mandoc clang-format shellcheck"
dev="clang clang-tidy llvm libopendkim-dev libbsd-dev libgmime-3.0-dev libgumbo-dev liblmdb-dev libmilter-dev git nsd ldnsutils"
peers="postfix postfix-pcre dovecot-core dovecot-imapd dovecot-pop3d dovecot-lmtpd dovecot-sieve
    dovecot-managesieved nsd ldnsutils unbound bind9-dnsutils openssl iproute2 swaks libnet-ssleay-perl
    clamav-daemon"

wanted= optional= web=
for set in "${@:-build}"; do
    case $set in
    compile) wanted="$wanted $compile" ;;
    build) wanted="$wanted $build" ;;
    dev) wanted="$wanted $dev" ;;
    peers) optional="$optional $peers" ;;
    web) web=yes ;;
    *) echo "install-packages.sh: no set of packages is named $set (compile, build, dev, peers, web)" >&2; exit 2 ;;
    esac
done

if ! command -v dpkg-query >/dev/null 2>&1; then
    echo "Not a Debian system: if the build misses something, install the like of:" $wanted >&2
    exit 0
fi

# The sanitizers and the fuzzer of clang are a package named after its version.
runtime() {
    case " $wanted " in *" clang "*) ;; *) return 0 ;; esac
    command -v clang >/dev/null 2>&1 || return 0
    echo "libclang-rt-$(clang -dumpversion | cut -d. -f1)-dev"
}

missing() {
    for package in "$@"; do
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] ||
            printf '%s ' "$package"
    done
}

as_root=
become_root() {
    if [ "$(id -u)" -ne 0 ]; then
        as_root=sudo
        if ! command -v sudo >/dev/null 2>&1; then
            echo "Missing packages: $*" >&2
            echo "Neither root nor sudo: as root, run  apt-get install $*" >&2
            return 1
        fi
    fi
}

install() {
    [ $# -gt 0 ] || return 0
    become_root "$@" || exit 1
    echo "Installing: $*"
    if ! $as_root apt-get update -qq; then
        echo "apt-get update failed: trying with the lists that are here" >&2
    fi
    if ! $as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends "$@" >&2; then
        echo "Could not install: $*" >&2
        exit 1
    fi
}

# What provides a command, unless it is there.
install_command() {
    command=$1
    shift
    ! command -v "$command" >/dev/null 2>&1 || return 0
    become_root "$@" || return 0
    echo "Installing for the page of the capture server: $*"
    $as_root apt-get update -qq || true
    $as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends --no-remove "$@" >&2 ||
        echo "Not installed: the tests that need $command will say so" >&2
}

# Servers, for tests only. What says "do not start services" is ours while this runs, and only then.
install_peers() {
    [ $# -gt 0 ] || return 0
    become_root "$@" || return 0
    echo "Installing for the tests with real servers: $*"
    policy=/usr/sbin/policy-rc.d
    made=
    if [ ! -e "$policy" ]; then
        printf '#!/bin/sh\nexit 101\n' | $as_root tee "$policy" >/dev/null
        $as_root chmod 755 "$policy"
        made=yes
    fi
    $as_root apt-get update -qq || true
    $as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends --no-remove "$@" >&2 ||
        echo "Not installed: the tests that need them will say so" >&2
    [ -z "$made" ] || $as_root rm -f "$policy"
}

# shellcheck disable=SC2046,SC2086 # lists of words
install $(missing $wanted)
# shellcheck disable=SC2046
install $(missing $(runtime))
# shellcheck disable=SC2046,SC2086
install_peers $(missing $optional)
if [ -n "$web" ]; then
    install_command npm nodejs npm
    install_command chromium chromium
fi
