# shellcheck shell=bash
# Cinder: API, scheduler, volume service. To be sourced by up.sh.
# There is no Nova and no Barbican; the image metadata of the golden volumes
# is set by hand.

prepare_cinder() {
    local etc=$ETC/cinder
    mkdir -p "$etc" "$LAB/cinder/"{bin,state,lock,conversion}
    cp "$LAB/venv/cinder/etc/cinder/"{api-paste.ini,resource_filters.json} "$etc/"
    stand_in_for_root >"$LAB/cinder/bin/sudo"
    chmod 755 "$LAB/cinder/bin/sudo"
    cinder_configuration "$etc" >"$etc/cinder.conf"
    if [ ! -e "$LAB/cinder/synced" ]; then
        "$LAB/venv/cinder/bin/cinder-manage" --config-file "$etc/cinder.conf" \
            db sync >>"$LOGS/cinder-sync.out" 2>&1 ||
            failed_to "make Cinder's tables" cinder-sync
        touch "$LAB/cinder/synced"
    fi
}

start_cinder() {
    local venv=$LAB/venv/cinder conf=$ETC/cinder/cinder.conf
    begin cinder-scheduler "$venv/bin/cinder-scheduler" --config-file "$conf"
    PATH=$LAB/cinder/bin:$PATH begin cinder-volume \
        "$venv/bin/cinder-volume" --config-file "$conf"
    # The module reads its options from a command line, which uwsgi keeps.
    serve cinder-api "$CINDER_PORT" "$venv" cinder.wsgi.api:application 4 \
        --pyargv "--config-file $conf --log-file $LOGS/cinder-api.log"
}

# Cinder wants root for qemu-img, on files of its own: "sudo cinder-rootwrap
# FILE COMMAND ...". Here that is nobody else than who runs it.
stand_in_for_root() {
    cat <<'SCRIPT'
#!/bin/sh
shift 2
exec "$@"
SCRIPT
}

cinder_configuration() {
    local url=127.0.0.1:$DB_PORT/cinder etc=$1
    cat <<CONF
[DEFAULT]
transport_url = rabbit://$MQ_USER:$MQ_PASSWORD@127.0.0.1:$MQ_PORT/
auth_strategy = keystone
host = lab
my_ip = 127.0.0.1
api_paste_config = $etc/api-paste.ini
resource_query_filters_file = $etc/resource_filters.json
state_path = $LAB/cinder/state
image_conversion_dir = $LAB/cinder/conversion
log_dir = $LOGS
enabled_backends = ssd,sas,noflat
default_volume_type = ssd
glance_api_servers = http://127.0.0.1:$GLANCE_PORT
osapi_max_limit = 2000
# accept waits for the volume service, which is slow while it flattens
rpc_response_timeout = 120
[backend_defaults]
volume_driver = cinder.volume.drivers.rbd.RBDDriver
rbd_pool = volumes
rbd_user = cinder
rbd_ceph_conf = $CEPH_CONF
rbd_store_chunk_size = 4
rbd_max_clone_depth = 5
report_discard_supported = true
[ssd]
volume_backend_name = ssd
rbd_flatten_volume_from_snapshot = true
[sas]
volume_backend_name = sas
rbd_flatten_volume_from_snapshot = true
[noflat]
volume_backend_name = noflat
rbd_flatten_volume_from_snapshot = false
[database]
connection = mysql+pymysql://cinder:$DB_PASSWORD@$url
$(keystone_authtoken cinder)
service_token_roles_required = true
service_token_roles = service
[oslo_concurrency]
lock_path = $LAB/cinder/lock
[oslo_messaging_notifications]
driver = noop
CONF
}

stop_cinder() {
    finish cinder-api
    # Flattening does not answer SIGTERM: after this long it is cut short.
    finish cinder-volume 20
    finish cinder-scheduler 20
}
