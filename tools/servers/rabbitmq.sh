# shellcheck shell=bash
# One RabbitMQ of our own. To be sourced after process.sh.

# start_rabbitmq DIRECTORY PORT USER PASSWORD VHOST...: the broker on PORT; its
# distribution port is PORT + 1 and its epmd's PORT + 2. USER may do anything
# in each VHOST. With TLS, a directory of make_certificates, and TLS_PORT it
# listens there as well.
start_rabbitmq() {
    local dir=$1 port=$2 epmd setting
    epmd=$((port + 2))
    own_by rabbitmq "$dir"
    # One of our own and in the foreground: otherwise the broker starts one in
    # the background that nobody knows the pid of, or shares another's.
    claim_port "$epmd" epmd
    begin_as rabbitmq epmd epmd -port "$epmd" -address 127.0.0.1
    await_port "$epmd" epmd
    alive rabbitmq && return
    claim_port "$port" rabbitmq
    claim_port $((port + 1)) rabbitmq
    rabbitmq_files "$@"
    setting=(
        HOME="$dir" # of the Erlang cookie, which so is nobody else's
        ERL_EPMD_PORT="$epmd" ERL_EPMD_ADDRESS=127.0.0.1
        RABBITMQ_CONF_ENV_FILE=/dev/null
        RABBITMQ_NODENAME=volpool@localhost
        RABBITMQ_DIST_PORT=$((port + 1))
        RABBITMQ_CONFIG_FILE="$dir/rabbitmq"
        RABBITMQ_ADVANCED_CONFIG_FILE="$dir/advanced.config"
        RABBITMQ_ENABLED_PLUGINS_FILE="$dir/enabled_plugins"
        RABBITMQ_MNESIA_BASE="$dir/mnesia"
        RABBITMQ_LOG_BASE="$dir/log"
        # Makes the start script turn into the broker, so that the pid is the
        # broker's, which stops in order on SIGTERM.
        RUNNING_UNDER_SYSTEMD=1
    )
    # Not Debian's wrapper: that one accepts two users only.
    begin_as rabbitmq rabbitmq env "${setting[@]}" \
        /usr/lib/rabbitmq/bin/rabbitmq-server
    await_port "$port" rabbitmq 120
}

rabbitmq_files() {
    local dir=$1 port=$2 user=$3 password=$4 vhost vhosts='' grants=''
    shift 4
    for vhost; do
        vhosts+="${vhosts:+, }{\"name\": \"$vhost\"}"
        grants+="${grants:+, }{\"user\": \"$user\", \"vhost\": \"$vhost\","
        grants+=' "configure": ".*", "write": ".*", "read": ".*"}'
    done
    cat >"$dir/definitions.json" <<JSON
{"users": [{"name": "$user", "password": "$password", "tags": ""}],
 "vhosts": [$vhosts],
 "permissions": [$grants]}
JSON
    cat >"$dir/rabbitmq.conf" <<CONF
listeners.tcp.1 = 127.0.0.1:$port
load_definitions = $dir/definitions.json
CONF
    [ -z "${TLS_PORT:-}" ] || cat >>"$dir/rabbitmq.conf" <<CONF
listeners.ssl.1 = 127.0.0.1:$TLS_PORT
ssl_options.cacertfile = $TLS/ca.pem
ssl_options.certfile = $TLS/server.pem
ssl_options.keyfile = $TLS/server.key
ssl_options.verify = verify_none
ssl_options.fail_if_no_peer_cert = false
CONF
    echo '[{kernel, [{inet_dist_use_interface, {127,0,0,1}}]}].' \
        >"$dir/advanced.config"
    echo '[].' >"$dir/enabled_plugins"
}

stop_rabbitmq() {
    finish rabbitmq 60
    finish epmd
}
