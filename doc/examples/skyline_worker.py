"""A Celery worker that takes boot volumes from the pool, as skyline's would.

Needs cube_volpool, keystoneauth1 and celery, and in the environment
``VOLPOOL_TRANSPORT_URL`` (the message bus of the pool's daemon),
``CELERY_BROKER_URL``, ``OS_AUTH_URL``, ``OS_USERNAME`` and ``OS_PASSWORD``
(a service account with a role in the projects it works for)::

    celery -A skyline_worker worker
"""

import os
import time

import celery
from keystoneauth1 import adapter, session
from keystoneauth1.identity import v3

from cube_volpool import client, exception

app = celery.Celery(
    "skyline_worker",
    broker=os.environ["CELERY_BROKER_URL"],
    backend="rpc://",
)

# Connects to nothing yet, so it may stand before the worker forks.
client.configure(os.environ["VOLPOOL_TRANSPORT_URL"])

SERVICE_TYPES = {client.CINDER: "block-storage"}


class CldAPI:
    """The cloud as one project sees it; answers are decoded JSON."""

    def __init__(self, project_id):
        auth = v3.Password(
            os.environ["OS_AUTH_URL"],
            username=os.environ["OS_USERNAME"],
            password=os.environ["OS_PASSWORD"],
            user_domain_id=os.environ.get("OS_USER_DOMAIN_ID", "default"),
            project_id=project_id,
        )
        self._session = session.Session(auth)

    @property
    def context(self):
        """For whom the pool gives a volume, and the proof of it."""
        return {
            "project_id": self._session.get_project_id(),
            "auth_token": self._session.get_token(),
        }

    def get(self, service, url):
        return self._service(service).get(f"/{url}").json()

    def post(self, service, url, body):
        return self._service(service).post(f"/{url}", json=body).json()

    def _service(self, service):
        return adapter.Adapter(
            self._session, service_type=SERVICE_TYPES[service]
        )


@app.task(bind=True, acks_late=True, max_retries=None)
def create_boot_volume(
    self, project_id, hostname, *, volume_type, snapshot_id, tried_at=None
):
    """Return the id of the boot volume of ``hostname``.

    The task is tried again until the pool has answered, or until nothing it
    was asked can have an effect any more; ``tried_at``, the time of the
    first try, is how a later one knows.  It travels with the retries.
    """
    now = time.time()
    if self.request.delivery_info.get("redelivered"):
        # Another worker died with this task, and may have asked the pool.
        tried_at = tried_at or now
    try:
        return client.create_volume_if_absent(
            CldAPI(project_id),
            hostname,
            "sys",
            volume_type=volume_type,
            snapshot_id=snapshot_id,
            first_tried_at=tried_at,
        )
    except (
        exception.Busy,
        exception.CinderUnavailable,
        exception.ClaimInProgress,
    ) as error:
        raise self.retry(
            exc=error,
            countdown=getattr(error, "retry_after", 5),
            kwargs={
                "volume_type": volume_type,
                "snapshot_id": snapshot_id,
                "tried_at": tried_at or now,
            },
        ) from error
