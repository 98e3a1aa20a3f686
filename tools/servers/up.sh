#!/bin/bash
# Starts RabbitMQ, MariaDB and PostgreSQL for the functional tests, on ports
# of their own; may be run again. Prints the file to source for their URLs.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=env.sh
. "$here/env.sh"
# shellcheck source=debian.sh
. "$here/debian.sh"
# shellcheck source=tls.sh
. "$here/tls.sh"
# shellcheck source=rabbitmq.sh
. "$here/rabbitmq.sh"
# shellcheck source=mariadb.sh
. "$here/mariadb.sh"
# shellcheck source=postgresql.sh
. "$here/postgresql.sh"

citest=openstack_citest # where oslo.db's fixtures look
mkdir -p "$RUN" "$LOGS"
SERVERS=$(cd "$SERVERS" && pwd)
install_packages "$LOGS/apt.log" rabbitmq-server mariadb-server \
    postgresql openssl
choose_ports
amqp=$PORT_BASE mysql=$((PORT_BASE + 3)) postgresql=$((PORT_BASE + 4))
# Databases have TLS on their one port.
TLS=$SERVERS/tls TLS_PORT=$((PORT_BASE + 5))
make_certificates "$TLS"

cat >"$SERVERS/init.sql" <<SQL
CREATE DATABASE IF NOT EXISTS $citest CHARACTER SET utf8mb4;
CREATE USER IF NOT EXISTS '$citest'@'127.0.0.1' IDENTIFIED BY '$citest';
GRANT ALL ON *.* TO '$citest'@'127.0.0.1' WITH GRANT OPTION;
SQL
chmod 644 "$SERVERS/init.sql"
# Daemons in one virtual host would take each other's claims.
start_rabbitmq "$SERVERS/rabbitmq" "$amqp" volpool volpool \
    / volpool tls canary fuzz cli doctor reload page pictures batch bench &
broker=$!
# A test database may lose its last second in a power cut.
start_mariadb "$SERVERS/mariadb" "$mysql" "$SERVERS/init.sql" \
    innodb_flush_log_at_trx_commit=0 innodb_doublewrite=0 sync_binlog=0 \
    ssl_ca="$TLS/ca.pem" ssl_cert="$TLS/server.pem" ssl_key="$TLS/server.key"
start_postgresql "$SERVERS/postgresql" "$postgresql" "$citest" "$citest"
wait $broker

url=$citest:$citest@127.0.0.1
cat >"$SERVERS/env" <<ENV
export VOLPOOL_TEST_MYSQL_URL='mysql+pymysql://$url:$mysql/$citest'
export VOLPOOL_TEST_POSTGRESQL_URL='postgresql+psycopg2://$url:$postgresql/$citest'
export VOLPOOL_TEST_AMQP_URL='rabbit://volpool:volpool@127.0.0.1:$amqp/volpool'
export VOLPOOL_TEST_TLS='$TLS'
export VOLPOOL_TEST_AMQP_TLS_URL='rabbit://volpool:volpool@localhost:$TLS_PORT/tls'
export OS_TEST_DBAPI_ADMIN_CONNECTION="sqlite://;\$VOLPOOL_TEST_MYSQL_URL;\$VOLPOOL_TEST_POSTGRESQL_URL"
ENV
echo "$SERVERS/env"
