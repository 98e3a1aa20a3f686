# shellcheck shell=bash
# Places and ports of the servers the functional tests use. To be sourced.
SERVERS=${VOLPOOL_SERVERS_DIR:-${TMPDIR:-/tmp}/cube-volpool-servers}
RUN=$SERVERS/run
LOGS=$SERVERS/logs
# shellcheck source=process.sh
. "$(dirname "${BASH_SOURCE[0]}")/process.sh"

# choose_ports: sets PORT_BASE, the first of six free ones, as it was when
# these servers were first started, else as asked for, else the next free six.
choose_ports() {
    local offset bases
    if [ -s "$SERVERS/ports" ]; then
        PORT_BASE=$(<"$SERVERS/ports")
        return
    fi
    mapfile -t bases < <(seq 24110 10 24910)
    [ -z "${VOLPOOL_SERVERS_PORT_BASE:-}" ] ||
        bases=("$VOLPOOL_SERVERS_PORT_BASE")
    for PORT_BASE in "${bases[@]}"; do
        for offset in 0 1 2 3 4 5; do
            ! port_open $((PORT_BASE + offset)) || continue 2
        done
        echo "$PORT_BASE" >"$SERVERS/ports"
        return
    done
    complain "no six free ports for the servers"
    return 1
}
