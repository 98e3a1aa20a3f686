#!/bin/bash
# Stops what up.sh started, by pid, in the reverse order. The state stays;
# with --wipe it goes, and only the installed programs remain.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=env.sh
. "$here/env.sh"
for part in process rabbitmq; do
    # shellcheck source=/dev/null
    . "$here/../servers/$part.sh"
done
for part in ceph cinder; do
    # shellcheck source=/dev/null
    . "$here/$part.sh"
done

stop_cinder
finish glance
finish keystone
finish memcached
stop_rabbitmq
stop_ceph
finish mariadb 60
if [ "${1:-}" = --wipe ]; then
    rm -rf "${LAB:?}"/{mariadb,rabbitmq,ceph,keystone,glance,cinder,etc,run,logs,lab.json}
    say "state removed from $LAB"
fi
