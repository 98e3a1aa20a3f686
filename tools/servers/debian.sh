# shellcheck shell=bash
# Debian packages. To be sourced after process.sh.

# missing_packages NAME...: those that are not installed, one a line.
missing_packages() {
    local name
    for name; do
        dpkg-query -W -f '${db:Status-Status}\n' "$name" 2>/dev/null |
            grep -qx installed || echo "$name"
    done
}

# install_packages LOG NAME...: quiet, may be run again; needs root only when
# something is missing.
install_packages() {
    local log=$1 missing guard=/usr/sbin/policy-rc.d mine='' code=0
    shift
    if ! command -v dpkg-query >/dev/null; then
        complain "not a Debian machine; install by yourself: $*"
        return 1
    fi
    mapfile -t missing < <(missing_packages "$@")
    [ ${#missing[@]} -gt 0 ] || return 0
    if [ "$(id -u)" != 0 ]; then
        complain "not root, so cannot install: ${missing[*]}"
        return 1
    fi
    say "installing ${missing[*]}"
    # Debian starts what it installs unless this file says no.
    if [ ! -e $guard ]; then
        mine=1
        printf '#!/bin/sh\nexit 101\n' >$guard
        chmod 755 $guard
    fi
    fetch_packages "$log" "${missing[@]}" || code=$?
    [ -z "$mine" ] || rm -f $guard
    [ $code = 0 ] || complain "apt-get failed; see $log"
    return $code
}

fetch_packages() {
    local log=$1
    shift
    # A fresh machine has no package lists, an old one stale ones.
    apt-get -o DPkg::Lock::Timeout=600 update >>"$log" 2>&1 || true
    DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=600 \
        install -y --no-install-recommends "$@" >>"$log" 2>&1 </dev/null
}
