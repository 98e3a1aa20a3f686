# shellcheck shell=bash
# Servers for one run of a tool, and a directory for it. To be sourced, with
# ROOT set.

# lend_servers PREFIX: sets WORK, which goes when the shell ends, and starts
# the servers there unless VOLPOOL_SERVERS_DIR has some; then sets the
# variables of their URLs.
lend_servers() {
    WORK=$(mktemp -d "${TMPDIR:-/tmp}/$1.XXXXXX") || return
    trap return_servers EXIT
    # The servers run as users of their own, who must get at their files.
    chmod 755 "$WORK"
    if [ -z "${VOLPOOL_SERVERS_DIR:-}" ]; then
        export VOLPOOL_SERVERS_DIR=$WORK/servers
        touch "$WORK/mine"
        "$ROOT/tools/servers/up.sh" >"$WORK/up.out" 2>&1 ||
            { cat "$WORK/up.out" >&2 && return 1; }
    fi
    # shellcheck source=/dev/null
    . "$VOLPOOL_SERVERS_DIR/env"
}

# Whoever reads our output may be gone: that must not end it half done.
return_servers() {
    trap '' INT TERM HUP PIPE
    if [ -e "$WORK/mine" ]; then
        "$ROOT/tools/servers/down.sh" --wipe >"$WORK/down.out" 2>&1 ||
            cat "$WORK/down.out" >&2
    fi
    rm -rf "$WORK"
}
