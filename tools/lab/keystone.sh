# shellcheck shell=bash
# Keystone and its token cache. To be sourced by up.sh.

# serve NAME PORT VENV MODULE PROCESSES OPTION...: a WSGI module under uwsgi.
serve() {
    local name=$1 port=$2 venv=$3 module=$4 processes=$5
    shift 5
    alive "$name" && return
    claim_port "$port" "$name"
    # --lazy-apps: each worker loads the application itself, for a connection
    # to database or broker does not survive a fork. --enable-threads: the
    # RPC client and the token cache have threads. --buffer-size: a request
    # line with a long name filter and a token exceed uwsgi's 4 KiB.
    begin "$name" "$venv/bin/uwsgi" --http-socket "127.0.0.1:$port" \
        --so-keepalive --master --die-on-term --processes "$processes" \
        --threads 1 --enable-threads --lazy-apps --need-app \
        --buffer-size 65535 --disable-logging --module "$module" \
        --add-header 'Connection: close' "$@"
    await_port "$port" "$name"
}

start_keystone() {
    local etc=$ETC/keystone
    # Without the cache each token is read from the database again.
    claim_port "$MEMCACHED_PORT" memcached
    begin memcached memcached -u nobody -l 127.0.0.1 -p "$MEMCACHED_PORT" -m 128
    mkdir -p "$etc"
    mkdir -p "$LAB/keystone"
    chmod 700 "$LAB/keystone" # of the token keys
    keystone_configuration >"$etc/keystone.conf"
    if [ ! -e "$LAB/keystone/bootstrapped" ]; then
        keystone_bootstrap >>"$LOGS/keystone-bootstrap.out" 2>&1 ||
            failed_to "bootstrap Keystone" keystone-bootstrap
        touch "$LAB/keystone/bootstrapped"
    fi
    export OS_KEYSTONE_CONFIG_DIR=$etc OS_KEYSTONE_CONFIG_FILES=keystone.conf
    serve keystone "$KEYSTONE_PORT" "$LAB/venv/keystone" \
        keystone.wsgi.api:application 2
}

# keystone_authtoken NAME: what the configuration of a service says of it; more
# options of that section may follow.
keystone_authtoken() {
    cat <<CONF
[keystone_authtoken]
www_authenticate_uri = $OS_AUTH_URL
auth_url = $OS_AUTH_URL
memcached_servers = 127.0.0.1:$MEMCACHED_PORT
auth_type = password
project_domain_name = Default
user_domain_name = Default
project_name = service
username = $1
password = $OS_PASSWORD
CONF
}

keystone_configuration() {
    cat <<CONF
[DEFAULT]
log_file = $LOGS/keystone.log
[database]
connection = mysql+pymysql://keystone:$DB_PASSWORD@127.0.0.1:$DB_PORT/keystone
[token]
provider = fernet
expiration = 14400
[fernet_tokens]
key_repository = $LAB/keystone/fernet-keys
[credential]
key_repository = $LAB/keystone/credential-keys
[cache]
enabled = true
backend = dogpile.cache.pymemcache
memcache_servers = 127.0.0.1:$MEMCACHED_PORT
CONF
}

keystone_bootstrap() {
    local manage=("$LAB/venv/keystone/bin/keystone-manage"
        --config-file "$ETC/keystone/keystone.conf")
    local owner=(--keystone-user "$(id -un)" --keystone-group "$(id -gn)")
    "${manage[@]}" fernet_setup "${owner[@]}" &&
        "${manage[@]}" credential_setup "${owner[@]}" &&
        "${manage[@]}" db_sync &&
        "${manage[@]}" bootstrap --bootstrap-password "$OS_PASSWORD" \
            --bootstrap-admin-url "$OS_AUTH_URL" \
            --bootstrap-internal-url "$OS_AUTH_URL" \
            --bootstrap-public-url "$OS_AUTH_URL" \
            --bootstrap-region-id "$OS_REGION_NAME"
}
