# shellcheck shell=bash
# What stack.sh gives a plugin, as far as ours asks for it: the names stand
# for DevStack's own and write down that they were called. To be run as
#
#   bash devstack.sh PLUGIN_DIRECTORY PHASE...
#
# with PLACE, a directory for everything, and MANAGE, the command that stands
# for cube-volpool-manage. As in stack.sh, what fails ends it, and each phase
# sources the plugin anew.
set -o errexit
trap 'echo "failed: $BASH_COMMAND" >&2' ERR

DEST=$PLACE DATA_DIR=$PLACE/data STACK_USER=$(id -un)
CINDER_ENABLED_BACKENDS=${CINDER_ENABLED_BACKENDS:-lvm:lvmdriver-1}
ENABLED_SERVICES=${ENABLED_SERVICES:-}
SERVICE_PASSWORD=of-a-test
KEYSTONE_SERVICE_URI=http://192.0.2.1/identity
REGION_NAME=RegionOne
ENABLE_DEBUG_LOG_LEVEL=True
SERVICE_GRACEFUL_SHUTDOWN_TIMEOUT=5
export DATA_DIR STACK_USER SERVICE_PASSWORD KEYSTONE_SERVICE_URI REGION_NAME
export ENABLE_DEBUG_LOG_LEVEL SERVICE_GRACEFUL_SHUTDOWN_TIMEOUT

told() { echo "$*" >>"$PLACE/told"; }

for name in define_plugin setup_develop get_or_create_project \
    get_or_create_user get_or_add_user_project_role recreate_database \
    run_process stop_process setup_logging; do
    eval "$name() { told $name \"\$@\"; }"
done
echo_summary() { :; }
enable_service() {
    [[ "$VOLPOOL_DISABLED" == True ]] || ENABLED_SERVICES+=",$1"
}
is_service_enabled() { [[ ",$ENABLED_SERVICES," == *",$1,"* ]]; }
database_connection_url() { echo "sqlite:///$PLACE/ledger.db"; }
iniset_rpc_backend() { iniset "$2" DEFAULT transport_url rabbit://mq; }
get_python_exec_prefix() { echo "$PLACE/bin"; }
die() {
    echo "died: ${*:2}" >&2
    exit 1
}
# Ours is the only caller, and never gives an option twice.
iniset() {
    python3 - "$@" <<'PY'
import configparser, pathlib, sys
path, section, option, value = sys.argv[1:]
parser = configparser.RawConfigParser()
parser.read(path)
if section != "DEFAULT" and not parser.has_section(section):
    parser.add_section(section)
parser.set(section, option, value)
with pathlib.Path(path).open("w") as file:
    parser.write(file)
PY
}
sudo() { "$@"; }
openstack() { told openstack "$@"; }

mkdir -p "$PLACE/bin"
printf '#!/bin/sh\necho db "$@" >>%s/told\nexec %s "$@"\n' "$PLACE" "$MANAGE" \
    >"$PLACE/bin/cube-volpool-manage"
# A Cinder in which everything that is asked for is there, after a while.
cat >"$PLACE/bin/cinder" <<'SH'
#!/bin/sh
echo cinder "$@" >>"$PLACE/told"
case $1 in
"$CINDER_REFUSES")
    echo "ERROR: refused" >&2
    exit 1
    ;;
snapshot-show)
    # By its name: is it there already? By its id, it was made just now.
    [ "$2" = made ] || [ -e "$PLACE/seeded" ] || exit 1
    ;;
snapshot-create) touch "$PLACE/seeded" ;;
esac
printf '| id | made |\n| status | %s |\n' "${CINDER_STATUS:-available}"
SH
chmod 755 "$PLACE/bin/cinder" "$PLACE/bin/cube-volpool-manage"
export PLACE PATH="$PLACE/bin:$PATH"

plugin=$1
shift
# shellcheck source=../../../devstack/settings
. "$plugin/settings"
for phase; do
    told "phase $phase"
    # shellcheck disable=SC2086 # "stack install" is two words, "clean" one
    set -- $phase
    # shellcheck source=../../../devstack/plugin.sh
    . "$plugin/plugin.sh" "$@"
done
