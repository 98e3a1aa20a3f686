"""Makes the lab's volume types, quotas and OS snapshots. May be run again.

The snapshots of the types that flatten are full of random bytes: a copy of
one costs what copies cost. Those of type noflat stay sparse, for disk.
"""

import os
import time

import rados
import rbd

import cloud

#: Each type is a backend of its own; all are in one pool of one Ceph.
TYPES = ('ssd', 'sas', 'noflat')
#: Nothing is ever copied from these.
SPARSE = ('noflat',)
VERSION = '20261120'
#: (operating system, size in GiB, types), named as in the default rule.
IMAGES = (
    ('debian-12', 1, ('ssd', 'sas', 'noflat')),
    ('ubuntu-24.04', 4, ('ssd', 'noflat')),
)
STEP = 4 << 20  # one RBD object at a time
PATIENCE = 300  # seconds


def await_status(manager, thing, wanted: str):
    """Until the volume or snapshot has the status, or fails."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        found = manager.get(thing.id)
        if found.status == wanted:
            return found
        if found.status.startswith('error'):
            raise RuntimeError(f'{found.name} is {found.status}')
        time.sleep(0.2)
    raise TimeoutError(f'{thing.name} is not {wanted}; does Cinder work?')


def await_services(admin) -> None:
    """Until the scheduler has heard of every backend."""
    wanted = {f'lab@{name}' for name in TYPES} | {'lab'}
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        up = {s.host for s in admin.services.list() if s.state == 'up'}
        pools = {pool.name.split('#')[0] for pool in admin.pools.list()}
        if wanted <= up and wanted - {'lab'} <= pools:
            return
        time.sleep(0.5)
    raise TimeoutError(f'of {wanted} only {up} are up, {pools} reported')


def seed_types(admin) -> None:
    have = {kind.name: kind for kind in admin.volume_types.list()}
    for name in TYPES:
        kind = have.get(name) or admin.volume_types.create(name)
        # Asked first: Cinder refuses to set it once volumes have the type.
        if kind.get_keys().get('volume_backend_name') != name:
            kind.set_keys({'volume_backend_name': name})


def seed_quotas(admin) -> None:
    for project in cloud.identity().projects.list():
        if project.name in cloud.TENANTS:
            admin.quotas.update(
                project.id, volumes=5000, gigabytes=20000, snapshots=100)
        else:
            admin.quotas.update(
                project.id, volumes=-1, gigabytes=-1, snapshots=-1)


def fill(image_name: str) -> None:
    """Random bytes all over the image: nothing in it is sparse."""
    with (rados.Rados(conffile=os.environ['CEPH_CONF'],
                      rados_id='cinder') as cluster,
          cluster.open_ioctx('volumes') as pool,
          rbd.Image(pool, image_name) as image):
        for offset in range(0, image.size(), STEP):
            image.write(os.urandom(STEP), offset)
        image.flush()


def seed_image(pool, os_name: str, size: int, kind: str) -> None:
    """A bootable volume with image metadata, and the snapshot of it."""
    name = f'{os_name}_{kind}_{VERSION}'
    volume = pool.volumes.create(size, name='src-' + name, volume_type=kind,
                                 metadata={'role': 'source'})
    await_status(pool.volumes, volume, 'available')
    if kind not in SPARSE:
        fill('volume-' + volume.id)
    pool.volumes.set_bootable(volume, True)
    pool.volumes.set_image_metadata(volume, {
        'image_name': os_name,
        'image_id': '00000000-0000-0000-0000-000000000001',
        'min_disk': str(size),
        'disk_format': 'raw',
        'hw_disk_bus': 'scsi',
        'os_distro': os_name.split('-')[0],
    })
    snapshot = pool.volume_snapshots.create(
        volume.id, name=name, metadata={'os': os_name, 'type': kind})
    await_status(pool.volume_snapshots, snapshot, 'available')
    print(name, flush=True)


def main() -> None:
    admin = cloud.volumes('admin', 'admin')
    pool = cloud.volumes('volpool', 'volpool')
    await_services(admin)
    seed_types(admin)
    seed_quotas(admin)
    have = {found.name for found in pool.volume_snapshots.list()
            if found.status == 'available'}
    for os_name, size, kinds in IMAGES:
        for kind in kinds:
            if f'{os_name}_{kind}_{VERSION}' not in have:
                seed_image(pool, os_name, size, kind)


if __name__ == '__main__':
    main()
