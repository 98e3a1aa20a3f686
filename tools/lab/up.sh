#!/bin/bash
# Brings up a real Keystone, Glance, Cinder and Ceph with RabbitMQ, MariaDB and
# memcached on loopback, with projects, accounts and OS snapshots in it. May
# be run again. Places, ports and options: env.sh; what is there: lab.json.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=env.sh
. "$here/env.sh"
for part in process debian mariadb rabbitmq; do
    # shellcheck source=/dev/null
    . "$here/../servers/$part.sh"
done
for part in install ceph keystone glance cinder; do
    # shellcheck source=/dev/null
    . "$here/$part.sh"
done
umask 022
mkdir -p "$RUN" "$LOGS" "$ETC"
trap '[ $? = 0 ] || complain "the lab is not up; its logs are in $LOGS"' EXIT

start_database() {
    local name
    for name in keystone glance cinder volpool; do
        echo "CREATE DATABASE IF NOT EXISTS $name CHARACTER SET utf8mb4;"
        echo "CREATE USER IF NOT EXISTS '$name'@'127.0.0.1'" \
            "IDENTIFIED BY '$DB_PASSWORD';"
        echo "GRANT ALL ON $name.* TO '$name'@'127.0.0.1';"
    done >"$ETC/init.sql"
    start_mariadb "$LAB/mariadb" "$DB_PORT" "$ETC/init.sql" \
        innodb_buffer_pool_size=512M innodb_log_file_size=256M
}

seed() {
    "$LAB/venv/cinder/bin/python" "$here/seed_$1.py" "${@:2}" \
        >"$LOGS/seed-$1.out" 2>&1 || failed_to "seed $1" "seed-$1"
}

# together FUNCTION...: side by side; fails when one does.
together() {
    local part started=() code=0
    for part; do
        "$part" &
        started+=($!)
    done
    for part in "${started[@]}"; do
        wait "$part" || code=1
    done
    return $code
}

broker() {
    start_rabbitmq "$LAB/rabbitmq" "$MQ_PORT" "$MQ_USER" "$MQ_PASSWORD" / volpool
}

identity() {
    start_keystone
    seed identity "$CINDER_PORT" "$GLANCE_PORT"
    start_glance
    seed images "http://127.0.0.1:$GLANCE_PORT"
}

databases() {
    start_database
    together identity prepare_cinder
}

check_room
install_lab
together databases broker start_ceph
start_cinder
seed volumes
"$LAB/venv/cinder/bin/python" "$here/describe.py" \
    "mysql+pymysql://volpool:$DB_PASSWORD@127.0.0.1:$DB_PORT/volpool" \
    "rabbit://$MQ_USER:$MQ_PASSWORD@127.0.0.1:$MQ_PORT/volpool" \
    "http://127.0.0.1:$CINDER_PORT/v3" >"$LAB/lab.json.new"
mv "$LAB/lab.json.new" "$LAB/lab.json"
say "the lab is up; described in $LAB/lab.json"
