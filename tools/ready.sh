# ready.sh - sourced by demo.sh and test.sh: bring this machine to where make
# can take over. Installs the packages of tools/packages that are missing, and
# asks for neither rights nor network when none is.
#
#   ready build        what the program needs
#   ready build test   and what its tests need

# The names of the missing packages of the given kinds, on one line.
missing() {
    while read -r kind name _; do
        case " $* " in *" $kind "*) ;; *) continue ;; esac
        case $(dpkg-query -W -f='${db:Status-Status}' "$name" 2>/dev/null) in
        installed) ;;
        *) printf '%s ' "$name" ;;
        esac
    done < tools/packages
}

# Not Debian: nothing is installed; go on if the tools are there.
check_tools() {
    lacks=
    for tool in make cmake pkg-config cc; do
        command -v "$tool" > /dev/null 2>&1 || lacks="$lacks $tool"
    done
    if [ -z "$lacks" ]; then
        for lib in jansson libpcre2-8 libutf8proc libcrypto sqlite3 yaml-0.1; do
            pkg-config --exists "$lib" 2>/dev/null || lacks="$lacks $lib"
        done
    fi
    [ -z "$lacks" ] && return 0
    echo "This is not Debian, so nothing was installed. Missing:$lacks" >&2
    echo "Debian's names of all that is needed:" >&2
    sed -n 's/^[bt][a-z]*  *\([^ ]*\) *\(.*\)/    \1  (\2)/p' tools/packages >&2
    return 4
}

ready() {
    if ! command -v dpkg-query > /dev/null 2>&1; then
        check_tools
        return
    fi
    need=$(missing "$@")
    [ -z "$need" ] && return 0
    as=
    if [ "$(id -u)" -ne 0 ]; then
        if ! command -v sudo > /dev/null 2>&1; then
            echo "Missing packages, and neither root nor sudo to install them. As root:" >&2
            echo "    apt-get install --no-install-recommends $need" >&2
            return 4
        fi
        as=sudo
    fi
    echo "Installing: $need"
    # The lists may be absent or old; they are refreshed only because something is missing.
    # shellcheck disable=SC2086 # the names are words
    $as env DEBIAN_FRONTEND=noninteractive apt-get -qq update &&
        $as env DEBIAN_FRONTEND=noninteractive apt-get -qq -y -o Dpkg::Use-Pty=0 \
            install --no-install-recommends $need > /dev/null && return 0
    echo "apt-get could not install them (its message stands above). Needed: $need" >&2
    return 4
}
