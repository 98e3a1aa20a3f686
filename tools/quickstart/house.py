"""The daemon inside this process, from a configuration file."""

import contextlib
import io
from collections.abc import Iterator, Mapping
from pathlib import Path

from oslo_config import cfg
from oslo_log import log

# Chooses the threading backend before anything of oslo.messaging is there.
from cube_volpool.cmd import manage

# isort: split
from cube_volpool import client, service
from cube_volpool import conf as options
from cube_volpool import daemon as one
from cube_volpool.status import meters

BUS = 'fake:/'
_STOPS_WITHIN = 10  # seconds
_CONFIGURATION = '''\
[DEFAULT]
enabled_pools = {names}
deployment_id = quickstart
transport_url = {bus}
log_file = {folder}/engine.log
[database]
connection = sqlite:///{folder}/ledger.sqlite
[pool_project]
{account}
username = volpool
project_name = volpool
project_domain_name = Default
[tenant]
{account}
username = skyline
'''
_ACCOUNT = '''\
auth_type = password
auth_url = {auth_url}
password = labadmin
user_domain_name = Default
region_name = RegionOne'''
_POOL = '''\
[pool:{system}]
os_name = {system}
volume_type = ssd
min_ready = {ready}
max_creating = 4
'''


def configure(folder: Path, auth_url: str, ready: Mapping[str, int]) -> Path:
    """Write a configuration, make the tables; the file's path.

    Args:
        ready: how many volumes to keep, by operating system.
    """
    path = folder / 'cube_volpool.conf'
    text = _CONFIGURATION.format(
        names=','.join(ready), bus=BUS, folder=folder,
        account=_ACCOUNT.format(auth_url=auth_url))
    for system, count in ready.items():
        text += _POOL.format(system=system, ready=count)
    path.write_text(text, encoding='utf-8')
    with contextlib.redirect_stdout(io.StringIO()) as said:
        if manage.main(['--config-file', str(path), 'db', 'sync']):
            raise RuntimeError(f'db sync: {said.getvalue()}')
    return path


@contextlib.contextmanager
def daemon(path: Path) -> Iterator[None]:
    """What cube-volpool-engine does, without its signals."""
    conf = cfg.ConfigOpts()
    options.register(conf)
    conf(['--config-file', str(path)], project='cube_volpool')
    log.setup(conf, 'cube_volpool')
    built = one.Daemon(conf, options.load(conf), meter=meters.Meters())
    serving = service.PoolService(
        built.house.duties, built.rpc, built.check, graceful=_STOPS_WITHIN)
    client.configure(transport_url=BUS)
    serving.start()
    try:
        yield
    finally:
        serving.stop()
        built.close()
