# shellcheck shell=bash
# shellcheck disable=SC2034 # the files that source this one use the names
# Places, ports and accounts of the lab; source it to work there as admin:
# `cinder list --all-tenants`, `rbd -n client.cinder ls volumes`, ...
# The passwords protect nothing: everything listens on 127.0.0.1 only.
export VOLPOOL_LAB_DIR=${VOLPOOL_LAB_DIR:-/var/tmp/cube-volpool-lab}
LAB=$VOLPOOL_LAB_DIR
RUN=$LAB/run LOGS=$LAB/logs ETC=$LAB/etc
DB_PORT=23306 DB_PASSWORD=labdb
# The broker also takes the next two: distribution and epmd.
MQ_PORT=25674 MQ_USER=lab MQ_PASSWORD=labmq
MON_PORT=23300 MON_V1_PORT=26789
MEMCACHED_PORT=21211
KEYSTONE_PORT=25000
CINDER_PORT=28776
GLANCE_PORT=29292
# Room for the sources (6 GiB), eight full copies of 1 GiB, two of 4 GiB and
# BlueStore's own needs; volumes of type noflat take next to nothing. up.sh
# starts a smaller OSD only when it has grown to this.
OSD_GIB=${VOLPOOL_LAB_OSD_GIB:-26}
# What the disk must have left when the OSD has its file.
SPARE_GIB=${VOLPOOL_LAB_SPARE_GIB:-20}

export CEPH_CONF=$ETC/ceph.conf
export OS_AUTH_URL=http://127.0.0.1:$KEYSTONE_PORT/v3
export OS_IDENTITY_API_VERSION=3 OS_REGION_NAME=RegionOne
export OS_USERNAME=admin OS_PASSWORD=labadmin OS_PROJECT_NAME=admin
export OS_USER_DOMAIN_NAME=Default OS_PROJECT_DOMAIN_NAME=Default
export OS_VOLUME_API_VERSION=3.71
export PATH=$LAB/venv/cinder/bin:$PATH
