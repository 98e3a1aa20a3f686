"""What an operator has who installs: a cloud, a broker, a database.

The lab's; and in it a domain of customers with one project, which comes and
goes with the fixture.
"""

import functools
import json
import os
import pathlib
import subprocess
import textwrap
from urllib import parse

import fixtures

from cube_volpool.tests import engine
from cube_volpool.tests.integration import lab
from cube_volpool.tests.machine import host

#: The client and the login of the cloud's administrator, in the machine.
_PREPARE = """
apt-get update -qq
apt-get install -qq --no-install-recommends mariadb-client >/dev/null
python3 -m venv /opt/openstackclient
/opt/openstackclient/bin/pip install --quiet python-openstackclient
mkdir -p ~/.config/openstack
install -m 755 /dev/null /usr/local/bin/openstack
"""
_CLIENT = """\
#!/bin/sh
exec env OS_CLOUD=admin /opt/openstackclient/bin/openstack "$@"
"""
_CLOUDS = """\
clouds:
  admin:
    auth:
      auth_url: {lab.auth_url}
      username: admin
      password: {password}
      project_name: admin
      user_domain_name: Default
      project_domain_name: Default
    region_name: {lab.region}
"""
#: What the page calls it.
DEPLOYMENT = "cloud-1"
#: What the page's commands make, and a second run must not find.
_USERS = ("cube-volpool", "cube-volpool-accept")


class Cloud(fixtures.Fixture):
    """The lab, and the machine prepared for its administrator."""

    def __init__(self) -> None:
        super().__init__()
        self.lab = lab.Lab.described()
        self.database = parse.urlsplit(self.lab.db_url)
        self.broker = parse.urlsplit(self.lab.amqp_url)

    def _setUp(self) -> None:
        host.run(_PREPARE)
        host.write("/usr/local/bin/openstack", _CLIENT)
        host.write(
            "~/.config/openstack/clouds.yaml",
            _CLOUDS.format(lab=self.lab, password=self.lab.users["admin"]),
        )
        host.write(
            "~/.my.cnf",
            textwrap.dedent(f"""\
                [client]
                host = {self.database.hostname}
                port = {self.database.port}
                user = root
            """),
        )
        # What a run that was interrupted may have left.
        self._remove()
        self.addCleanup(self._remove)
        host.run("openstack domain create customers")
        self.project_id = host.run(
            "openstack project create --domain customers shop -f value -c id"
        ).stdout.strip()

    def on_broker(self, command: str, *, check: bool = True) -> None:
        """Run ``rabbitmqctl`` where the broker is."""
        place = pathlib.Path(os.environ[lab.VARIABLE]) / "rabbitmq"
        # As tools/servers/rabbitmq.sh starts it, epmd's port included.
        port = (self.broker.port or 0) + 2
        program, _, words = command.partition(" ")
        done = subprocess.run(
            [
                "setpriv", "--reuid=rabbitmq", "--regid=rabbitmq",
                "--init-groups", "--", "env", "-C", "/", f"HOME={place}",
                f"ERL_EPMD_PORT={port}", "RABBITMQ_CONF_ENV_FILE=/dev/null",
                "RABBITMQ_NODENAME=volpool@localhost",
                "bash", "-ec", f"/usr/lib/rabbitmq/bin/{program} {words}",
            ],
            capture_output=True, text=True, timeout=120, check=False,
        )
        if check and done.returncode:
            raise AssertionError(f"{command}: {done.stdout}{done.stderr}")

    def volume(self, volume_id: str) -> dict[str, object]:
        """Return a volume as the administrator sees it."""
        shown = host.run(f"openstack volume show {volume_id} -f json")
        found: dict[str, object] = json.loads(shown.stdout)
        return found

    def _remove(self) -> None:
        self._remove_volumes()
        self._remove_accounts()

    def _remove_volumes(self) -> None:
        """Delete the customers' volumes, and those that wait for them."""
        projects = host.run(
            "openstack project list --domain customers -f value -c ID",
            check=False,
        ).stdout.split()
        account = self.lab.account("admin", "admin")
        for volume in account.call(
            "GET", "/volumes/detail", all_tenants="1"
        )["volumes"]:
            of_pool = volume["metadata"].get("cube_volpool_deployment")
            owner = volume["os-vol-tenant-attr:tenant_id"]
            if of_pool == DEPLOYMENT or owner in projects:
                engine.wait_until(
                    functools.partial(account.delete, volume["id"]),
                    f"{volume['id']} is deleted",
                )

    def _remove_accounts(self) -> None:
        for user in _USERS:
            host.run(f"openstack user delete {user}", check=False)
        host.run(
            "openstack domain set --disable customers"
            " && openstack domain delete customers",
            check=False,
        )
        host.run(
            'mysql -e "DROP DATABASE IF EXISTS cube_volpool;'
            ' DROP USER IF EXISTS cube_volpool"'
        )
        self.on_broker("rabbitmqctl delete_vhost cube_volpool", check=False)
        self.on_broker("rabbitmqctl delete_user cube_volpool", check=False)
