"""Which view answers which route; routes stand without the project."""
from collections.abc import Sequence

from werkzeug import routing

from cube_volpool.tests.simulator import (
    actions,
    creation,
    keystone,
    quota_sets,
    snapshots,
    transfers,
    volume_types,
    volumes,
)

_VOLUME = "/volumes/<ident>"
_TYPE = "/types/<ident>"
_QUOTA = "/os-quota-sets/<ident>"

_CINDER = [
    ("POST", "/volumes", creation.create),
    ("GET", "/volumes", volumes.index),
    ("GET", "/volumes/detail", volumes.detail),
    ("GET", "/volumes/summary", volumes.summary),
    ("GET", _VOLUME, volumes.show),
    ("PUT", _VOLUME, volumes.update),
    ("DELETE", _VOLUME, volumes.delete),
    ("POST", f"{_VOLUME}/action", actions.run),
    ("GET", f"{_VOLUME}/metadata", volumes.show_metadata),
    ("POST", f"{_VOLUME}/metadata", volumes.merge_metadata),
    ("PUT", f"{_VOLUME}/metadata", volumes.replace_metadata),
    ("DELETE", f"{_VOLUME}/metadata/<key>", volumes.drop_metadata),
    *(entry for prefix in ("/volume-transfers", "/os-volume-transfer")
      for entry in (
          ("POST", prefix, transfers.create),
          ("GET", prefix, transfers.index),
          ("GET", f"{prefix}/detail", transfers.detail),
          ("GET", f"{prefix}/<ident>", transfers.show),
          ("DELETE", f"{prefix}/<ident>", transfers.delete),
          ("POST", f"{prefix}/<ident>/accept", transfers.accept))),
    ("POST", "/snapshots", snapshots.create),
    ("GET", "/snapshots", snapshots.index),
    ("GET", "/snapshots/detail", snapshots.detail),
    ("GET", "/snapshots/<ident>", snapshots.show),
    ("PUT", "/snapshots/<ident>", snapshots.update),
    ("DELETE", "/snapshots/<ident>", snapshots.delete),
    ("GET", "/types", volume_types.index),
    ("POST", "/types", volume_types.create),
    ("GET", _TYPE, volume_types.show),
    ("DELETE", _TYPE, volume_types.delete),
    ("GET", f"{_TYPE}/extra_specs", volume_types.show_specs),
    ("POST", f"{_TYPE}/extra_specs", volume_types.set_specs),
    ("POST", f"{_TYPE}/action", volume_types.action),
    ("GET", _QUOTA, quota_sets.show),
    ("PUT", _QUOTA, quota_sets.update),
    ("DELETE", _QUOTA, quota_sets.delete),
    ("GET", f"{_QUOTA}/defaults", quota_sets.defaults),
    ("GET", "/limits", quota_sets.limits),
    ("GET", "/resource_filters", quota_sets.resource_filters),
    ("GET", "/os-availability-zone", quota_sets.zones),
]
_KEYSTONE = [
    ("GET", "/", keystone.versions),
    ("GET", "/v3", keystone.show_version),
    ("GET", "/v3/", keystone.show_version),
    ("POST", "/v3/auth/tokens", keystone.issue),
    ("GET", "/v3/auth/tokens", keystone.validate),
    ("DELETE", "/v3/auth/tokens", keystone.revoke),
]


def _map(table: Sequence[tuple[str, str, object]]) -> routing.Map:
    return routing.Map([routing.Rule(path, methods=[method], endpoint=view)
                        for method, path, view in table],
                       strict_slashes=True, merge_slashes=False)


CINDER = _map(_CINDER)
KEYSTONE = _map(_KEYSTONE)
