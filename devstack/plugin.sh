# shellcheck shell=bash
# shellcheck disable=SC2154 # what is not set here is DevStack's own
# The DevStack plugin: sourced into stack.sh once for each phase, under
# errexit, so every name begins with volpool_ and nothing exits.

_XTRACE_VOLPOOL=$(set +o | grep xtrace)
set +o xtrace

# volpool_type: the volume type of the pool.
function volpool_type {
    local first=${CINDER_ENABLED_BACKENDS%%,*}
    echo "${VOLPOOL_VOLUME_TYPE:-${first##*:}}"
}

function volpool_accounts {
    get_or_create_project "$VOLPOOL_PROJECT" default
    get_or_create_user "$VOLPOOL_USER" "$SERVICE_PASSWORD" default
    get_or_add_user_project_role member "$VOLPOOL_USER" "$VOLPOOL_PROJECT"
    get_or_create_user "$VOLPOOL_TENANT_USER" "$SERVICE_PASSWORD" default
    openstack --os-cloud devstack-system-admin role add \
        "$VOLPOOL_TENANT_ROLE" --user "$VOLPOOL_TENANT_USER" \
        --domain default --inherited
}

# volpool_keyring SECTION USER
function volpool_keyring {
    iniset "$VOLPOOL_CONF" "$1" auth_type password
    iniset "$VOLPOOL_CONF" "$1" auth_url "$KEYSTONE_SERVICE_URI"
    iniset "$VOLPOOL_CONF" "$1" username "$2"
    iniset "$VOLPOOL_CONF" "$1" password "$SERVICE_PASSWORD"
    iniset "$VOLPOOL_CONF" "$1" user_domain_id default
    iniset "$VOLPOOL_CONF" "$1" region_name "$REGION_NAME"
}

function volpool_pool {
    local group=pool:$VOLPOOL_POOL
    iniset "$VOLPOOL_CONF" DEFAULT enabled_pools "$VOLPOOL_POOL"
    iniset "$VOLPOOL_CONF" "$group" os_name "$VOLPOOL_OS_NAME"
    iniset "$VOLPOOL_CONF" "$group" volume_type "$(volpool_type)"
    iniset "$VOLPOOL_CONF" "$group" min_ready "$VOLPOOL_MIN_READY"
}

function volpool_configure {
    sudo install -d -o "$STACK_USER" -m 755 "$VOLPOOL_CONF_DIR"
    sudo install -d -o "$STACK_USER" -m 750 "$VOLPOOL_STATE_DIR"
    install -m 600 /dev/null "$VOLPOOL_CONF"
    iniset "$VOLPOOL_CONF" DEFAULT debug "$ENABLE_DEBUG_LOG_LEVEL"
    iniset "$VOLPOOL_CONF" DEFAULT deployment_id devstack
    iniset "$VOLPOOL_CONF" DEFAULT graceful_shutdown_timeout \
        "$SERVICE_GRACEFUL_SHUTDOWN_TIMEOUT"
    iniset "$VOLPOOL_CONF" database connection \
        "$(database_connection_url cube_volpool)"
    iniset "$VOLPOOL_CONF" oslo_concurrency lock_path "$VOLPOOL_STATE_DIR"
    iniset "$VOLPOOL_CONF" oslo_messaging_rabbit rabbit_qos_prefetch_count 64
    iniset_rpc_backend cube_volpool "$VOLPOOL_CONF"
    volpool_keyring pool_project "$VOLPOOL_USER"
    iniset "$VOLPOOL_CONF" pool_project project_name "$VOLPOOL_PROJECT"
    iniset "$VOLPOOL_CONF" pool_project project_domain_id default
    volpool_keyring tenant "$VOLPOOL_TENANT_USER"
    volpool_pool
    setup_logging "$VOLPOOL_CONF"
}

# volpool_cinder ARGUMENT...: the cinder command as the pool's account, which
# needs no image service for a volume.
function volpool_cinder {
    env -u OS_CLOUD OS_AUTH_TYPE=password OS_IDENTITY_API_VERSION=3 \
        OS_AUTH_URL="$KEYSTONE_SERVICE_URI" OS_REGION_NAME="$REGION_NAME" \
        OS_USERNAME="$VOLPOOL_USER" OS_PASSWORD="$SERVICE_PASSWORD" \
        OS_USER_DOMAIN_ID=default OS_PROJECT_DOMAIN_ID=default \
        OS_PROJECT_NAME="$VOLPOOL_PROJECT" cinder "$@"
}

# volpool_field FIELD COMMAND...: one field of what a cinder command prints.
# Two steps, for stack.sh has no pipefail: what Cinder refuses ends the run.
function volpool_field {
    local field=$1 told
    shift
    told=$(volpool_cinder "$@") || die $LINENO "cinder $* failed"
    awk -v field="$field" '$2 == field {print $4}' <<<"$told"
}

# volpool_await COMMAND ID: until that volume or snapshot is available.
function volpool_await {
    local status _try
    for _try in $(seq 60); do
        status=$(volpool_field status "$1" "$2")
        case "$status" in
            available) return 0 ;;
            error*) die $LINENO "$1 $2: $status; see what c-vol and c-sch say" ;;
        esac
        sleep 2
    done
    die $LINENO "$1 $2: still $status"
}

# Made once; a second run finds the snapshot. By ids, for a golden volume of a
# run that failed may have the name as well.
function volpool_seed {
    local type snapshot golden made
    type=$(volpool_type)
    snapshot=${VOLPOOL_OS_NAME}_${type}_20260101
    if volpool_cinder snapshot-show "$snapshot" >/dev/null 2>&1; then
        return 0
    fi
    golden=$(volpool_field id create --name volpool-golden \
        --volume-type "$type" 1)
    volpool_await show "$golden"
    volpool_cinder set-bootable "$golden" True
    made=$(volpool_field id snapshot-create --name "$snapshot" "$golden")
    volpool_await snapshot-show "$made"
}

function volpool_start {
    local bin
    bin=$(get_python_exec_prefix)
    openstack --os-cloud devstack-admin --os-region-name "$REGION_NAME" \
        quota set --volumes -1 --gigabytes -1 --snapshots -1 "$VOLPOOL_PROJECT"
    if [[ "$VOLPOOL_SEED" == "True" ]]; then
        volpool_seed
    fi
    recreate_database cube_volpool
    "$bin/cube-volpool-manage" --config-file "$VOLPOOL_CONF" db sync
    run_process cube-volpool-engine \
        "$bin/cube-volpool-engine --config-file $VOLPOOL_CONF"
}

if is_service_enabled cube-volpool-engine; then
    case "$1/${2:-}" in
        stack/install)
            echo_summary "Installing cube_volpool"
            setup_develop "$VOLPOOL_DIR"
            ;;
        stack/post-config)
            echo_summary "Configuring cube_volpool"
            volpool_accounts
            volpool_configure
            ;;
        stack/extra)
            echo_summary "Starting cube_volpool"
            volpool_start
            ;;
        unstack/*)
            stop_process cube-volpool-engine
            ;;
        clean/*)
            sudo rm -rf "$VOLPOOL_CONF_DIR" "$VOLPOOL_STATE_DIR"
            ;;
    esac
fi

$_XTRACE_VOLPOOL
