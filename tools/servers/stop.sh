#!/bin/bash
# Stops one of the servers that up.sh started; up.sh starts it again.
#
#   stop.sh rabbitmq|mariadb|postgresql [SIGNAL]
#
# SIGNAL is KILL for a crash. Without one the server stops in an orderly way.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=env.sh
. "$here/env.sh"

signal=TERM
case ${1:-} in
rabbitmq | mariadb) ;;
# SIGINT is PostgreSQL's stop that does not wait for clients to go home.
postgresql) signal=INT ;;
*)
    sed -n 4p "${BASH_SOURCE[0]}" | cut -c3- >&2
    exit 2
    ;;
esac
finish "$1" 60 "${2:-$signal}"
