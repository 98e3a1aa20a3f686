#!/bin/bash
# Prints what of the lab runs, Ceph's health and room, and Cinder's services.
# Fails when a part is missing.
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=env.sh
. "$here/env.sh"
# shellcheck source=../servers/process.sh
. "$here/../servers/process.sh"

code=0
printf '%-17s%-8s%s\n' PART PORT STATE
while read -r name port; do
    state=running
    if ! alive "$name"; then
        state=DOWN
    elif [ "$port" != - ] && ! port_open "$port"; then
        state='running, but does not listen'
    fi
    [ "$state" = running ] || code=1
    printf '%-17s%-8s%s\n' "$name" "$port" "$state"
done <<PARTS
mariadb $DB_PORT
epmd $((MQ_PORT + 2))
rabbitmq $MQ_PORT
ceph-mon $MON_PORT
ceph-mgr -
ceph-osd -
memcached $MEMCACHED_PORT
keystone $KEYSTONE_PORT
glance $GLANCE_PORT
cinder-scheduler -
cinder-volume -
cinder-api $CINDER_PORT
PARTS
if [ $code != 0 ]; then
    echo "logs: $LOGS"
    exit $code
fi
ceph health
ceph df | sed -n '/^--- RAW/,/^TOTAL/p'
cinder service-list
