#!/bin/bash
# Stops what up.sh started, by pid; with --wipe removes its directory too.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=env.sh
. "$here/env.sh"
# shellcheck source=rabbitmq.sh
. "$here/rabbitmq.sh"

stop_rabbitmq
finish mariadb
# SIGINT is PostgreSQL's stop that does not wait for clients to go home.
finish postgresql 30 INT
if [ "${1:-}" = --wipe ]; then
    rm -rf "$SERVERS"
fi
