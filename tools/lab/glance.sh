# shellcheck shell=bash
# Glance: its API alone, images in files. To be sourced by up.sh, after
# keystone.sh.

start_glance() {
    local etc=$ETC/glance
    mkdir -p "$etc" "$LAB/glance/"{images,staging,tasks}
    cp "$LAB/venv/glance/etc/glance/glance-api-paste.ini" "$etc/"
    glance_configuration >"$etc/glance-api.conf"
    if [ ! -e "$LAB/glance/synced" ]; then
        "$LAB/venv/glance/bin/glance-manage" --config-file \
            "$etc/glance-api.conf" db_sync >>"$LOGS/glance-sync.out" 2>&1 ||
            failed_to "make Glance's tables" glance-sync
        touch "$LAB/glance/synced"
    fi
    export OS_GLANCE_CONFIG_DIR=$etc
    serve glance "$GLANCE_PORT" "$LAB/venv/glance" \
        glance.wsgi.api:application 1
}

glance_configuration() {
    local url=127.0.0.1:$DB_PORT/glance
    cat <<CONF
[DEFAULT]
log_file = $LOGS/glance.log
enabled_backends = files:file
[glance_store]
default_backend = files
[files]
filesystem_store_datadir = $LAB/glance/images
[os_glance_staging_store]
filesystem_store_datadir = $LAB/glance/staging
[os_glance_tasks_store]
filesystem_store_datadir = $LAB/glance/tasks
[database]
connection = mysql+pymysql://glance:$DB_PASSWORD@$url
$(keystone_authtoken glance)
[paste_deploy]
flavor = keystone
CONF
}
