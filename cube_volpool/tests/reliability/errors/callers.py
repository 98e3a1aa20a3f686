"""A daemon that acts with its callers' own tokens."""

from typing import Any

from keystoneauth1.identity import v3

from cube_volpool import app, model
from cube_volpool.cinder import api as cinder
from cube_volpool.cinder import tenants
from cube_volpool.claim import parallel
from cube_volpool.claim.job import Answer
from cube_volpool.tests import world

_ENDPOINT = cinder.Endpoint(region_name="RegionOne")
_CALLER = "alice"


class CallerDaemon(world.Daemon):
    """The daemon of a world, in the mode ``use_caller_token``."""

    def __init__(
        self,
        target: world.World,
        name: str,
        *,
        wrap: world.Wrap,
        runner: parallel.Runner,
    ) -> None:
        self.world = target
        store = wrap(name, target.new_store())
        pool = target.keyring("volpool", target.project("volpool"))
        self.house = app.wire(
            target.settings,
            store=store,
            keyrings=app.Keyrings(
                pool=wrap(name, pool), tenants=_tenants(target)
            ),
            ticker=target.clock,
            runner=runner,
            hands=parallel.Serial(),
            chance=lambda: 0.5,
        )

    def claim(
        self,
        name: str = "web_sys",
        *,
        project: str = "skyline-a",
        budget: float = 30,
        **changes: Any,
    ) -> Answer:
        """Claim as alice does: with a token that she has just got."""
        values: dict[str, Any] = {
            "name": name,
            "volume_type": "ssd",
            "snapshot_id": self.world.cloud.snapshot_id(
                "debian-12_ssd_20261120"
            ),
        }
        return self.house.claimer.claim(
            model.Caller(
                project_id=self.world.project(project),
                auth_token=_token(self.world, project),
            ),
            model.ClaimRequest(**{**values, **changes}),
            deadline=self.world.clock.monotonic() + budget,
        )


def _tenants(target: world.World) -> tenants.CallerTenants:
    service = v3.Password(
        target.cloud.auth_url,
        username="volpool",
        password=world.PASSWORD,
        user_domain_id="default",
        project_id=target.project("service"),
    )
    return tenants.CallerTenants(
        target.session(), target.cloud.auth_url, service, endpoint=_ENDPOINT
    )


def _token(target: world.World, project: str) -> str:
    """Return a token of alice's; how she got it is her own business."""
    identity = target.cloud.identity
    who, where = identity.user(_CALLER), identity.project(project)
    if who is None or where is None:
        raise AssertionError(f"there is no {_CALLER} in {project}")
    token: str = identity.issue(who, where, ("password",)).id
    return token
