#!/bin/bash
# Runs every test and ends with one line: N passed, N failed, N skipped.
#
#   tools/test.sh [LAYER]... [--only LAYER]... [--without LAYER]... [--list]
#
# A fresh machine will do: what is missing is installed (with apt, when root
# on Debian). A layer that cannot run fails the run unless it is left out by
# name; so does a test that skips itself. Everything started is stopped again.
#
#   PYTHON                  interpreter for the environment, 3.11 or later
#   VOLPOOL_VENV            the environment, .venv of this checkout by default
#   VOLPOOL_SERVERS_DIR     for the servers, a temporary one by default
#   VOLPOOL_LAB_DIR         for the lab, see tools/lab/env.sh
#   VOLPOOL_MACHINE_DIR     for the machine, see tools/machine/up.sh
set -uo pipefail
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$ROOT" || exit
export LC_ALL=C.UTF-8 OS_STDOUT_CAPTURE=1 OS_STDERR_CAPTURE=1 OS_LOG_CAPTURE=1
export OS_TEST_TIMEOUT=${OS_TEST_TIMEOUT:-60}
export VOLPOOL_LAB_DIR=${VOLPOOL_LAB_DIR:-/var/tmp/cube-volpool-lab}
export VOLPOOL_MACHINE_DIR=${VOLPOOL_MACHINE_DIR:-/var/tmp/cube-volpool-machine}
VENV=${VOLPOOL_VENV:-$ROOT/.venv}
for part in servers/process servers/debian environment layers; do
    # shellcheck source=/dev/null
    . "tools/$part.sh"
done

usage() {
    local layer
    sed -n '4p;10,14p' tools/test.sh | cut -c3-
    echo
    for layer in "${LAYERS[@]}"; do
        printf '  %-12s%s\n' "$layer" "${ABOUT[$layer]}"
    done
}

# choose ARGUMENT...: sets CHOSEN, and LEFT_OUT for the layers left out.
choose() {
    local only='' without='' layer
    while [ $# -gt 0 ]; do
        case $1 in
        --only | --without)
            if [ -z "${2:-}" ] || [ -z "${ABOUT[${2:-}]:-}" ]; then
                complain "$1 wants one of: ${LAYERS[*]}"
                exit 2
            fi
            [ "$1" = --only ] && only+=" $2 " || without+=" $2 "
            shift
            ;;
        --list) usage && exit ;;
        *)
            [ -n "${ABOUT[$1]:-}" ] || { usage >&2 && exit 2; }
            only+=" $1 "
            ;;
        esac
        shift
    done
    CHOSEN=() LEFT_OUT=()
    for layer in "${LAYERS[@]}"; do
        if [[ $without == *" $layer "* ]]; then
            LEFT_OUT+=("$layer")
        elif [ -z "$only" ] || [[ $only == *" $layer "* ]]; then
            CHOSEN+=("$layer")
        fi
    done
}

# apart COMMAND...: in a process group of its own, so that an interrupted run
# can end all of it, and at once.
apart() {
    local code=0
    set -m
    ("$@") </dev/null &
    CHILD=$!
    set +m
    wait $CHILD || code=$?
    CHILD=''
    return $code
}

run() {
    local began=$SECONDS tenths passed failed skipped
    say "=== $1: ${ABOUT[$1]}"
    apart "layer_$1"
    read -r passed failed skipped 2>/dev/null <"$WORK/$1.totals" || {
        complain "$1 could not run"
        echo "FAILED $1, which could not run" >>"$WORK/failures"
        passed=0 failed=1 skipped=0
    }
    tenths=$(((SECONDS - began + 3) / 6))
    say "$1: $passed passed, $failed failed, $skipped skipped" \
        "in $((tenths / 10)).$((tenths % 10)) minutes"
    PASSED=$((PASSED + passed))
    FAILED=$((FAILED + failed))
    SKIPPED=$((SKIPPED + skipped))
}

finish_run() {
    trap '' INT TERM HUP
    if [ -n "$CHILD" ]; then
        kill -TERM -- "-$CHILD" 2>/dev/null
        wait "$CHILD"
    fi
    if ! stop_all >"$LOGS/stop.out" 2>&1; then
        FAILED=$((FAILED + 1))
        {
            echo 'FAILED to stop what the tests had started'
            tail -n 15 "$LOGS/stop.out"
        } >>"$WORK/failures"
    fi
    # Once more at the end, where who reads only that finds them.
    [ ! -e "$WORK/failures" ] || cat "$WORK/failures"
    [ ${#LEFT_OUT[@]} = 0 ] || say "left out by name: ${LEFT_OUT[*]}"
    if [ $((FAILED + SKIPPED)) = 0 ]; then
        rm -rf "$WORK"
    else
        say "logs of this run are in $LOGS"
    fi
    echo "$PASSED passed, $FAILED failed, $SKIPPED skipped"
    [ $((FAILED + SKIPPED)) = 0 ]
}

interrupted() {
    complain "interrupted"
    FAILED=$((FAILED + 1))
    exit
}

choose "$@"
PASSED=0 FAILED=0 SKIPPED=0 CHILD=''
WORK=$(mktemp -d "${TMPDIR:-/tmp}/cube-volpool-test.XXXXXX") || exit
# The servers run as users of their own, who must get at their files.
chmod 755 "$WORK"
LOGS=$WORK/logs
mkdir "$LOGS"
export VOLPOOL_SERVERS_DIR=${VOLPOOL_SERVERS_DIR:-$WORK/servers}
trap 'finish_run; exit $?' EXIT
trap interrupted INT TERM HUP

if ! apart make_environment "$VENV" "$ROOT" test-requirements.txt \
    doc/requirements.txt; then
    FAILED=${#CHOSEN[@]}
    exit
fi
export PATH=$VENV/bin:$PATH
for layer in "${CHOSEN[@]}"; do
    run "$layer"
done
