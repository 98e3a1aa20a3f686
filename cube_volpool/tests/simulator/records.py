"""The rows of the simulated cloud: plain, mutable, one class per noun."""
import dataclasses
import datetime
from typing import Any


@dataclasses.dataclass(slots=True)
class Project:
    """A Keystone project of the default domain."""

    id: str
    name: str


@dataclasses.dataclass(slots=True)
class User:
    """A Keystone user; roles by project id."""

    id: str
    name: str
    password: str = dataclasses.field(repr=False)
    roles: dict[str, set[str]] = dataclasses.field(default_factory=dict)
    default_project_id: str | None = None


@dataclasses.dataclass(slots=True)
class Token:
    """An issued token; ``project`` is None when it is unscoped."""

    id: str = dataclasses.field(repr=False)
    user: User
    project: Project | None
    roles: frozenset[str]
    methods: tuple[str, ...]
    issued_at: datetime.datetime
    expires_at: datetime.datetime
    revoked: bool = False

    @property
    def is_admin(self) -> bool:
        """Cinder takes the role admin in any project for full rights."""
        return "admin" in self.roles


@dataclasses.dataclass(slots=True)
class VolumeType:
    """A volume type; ``flatten`` says what its backend does."""

    id: str
    name: str
    is_public: bool = True
    description: str | None = None
    extra_specs: dict[str, str] = dataclasses.field(default_factory=dict)
    access: set[str] = dataclasses.field(default_factory=set)
    flatten: bool = True

    def visible_to(self, token: Token) -> bool:
        """Whether this token finds the type at all."""
        return (self.is_public or token.is_admin
                or (token.project is not None
                    and token.project.id in self.access))


@dataclasses.dataclass(slots=True)
class Volume:
    """A row of Cinder's table volumes; size in GiB."""

    id: str
    project_id: str
    user_id: str
    size: int
    created_at: datetime.datetime
    name: str | None = None
    description: str | None = None
    status: str = "creating"
    bootable: bool = False
    volume_type: VolumeType | None = None
    snapshot_id: str | None = None
    source_volid: str | None = None
    availability_zone: str = "nova"
    metadata: dict[str, str] = dataclasses.field(default_factory=dict)
    image_metadata: dict[str, str] = dataclasses.field(default_factory=dict)
    host: str | None = None
    service_uuid: str | None = None
    shared_targets: bool | None = True
    replication_status: str | None = None
    updated_at: datetime.datetime | None = None
    attachments: list[dict[str, Any]] = dataclasses.field(
        default_factory=list)

    @property
    def volume_type_id(self) -> str | None:
        """The type's id, as Cinder's column has it."""
        return self.volume_type.id if self.volume_type else None


@dataclasses.dataclass(slots=True)
class Snapshot:
    """A row of Cinder's table snapshots; size in GiB."""

    id: str
    project_id: str
    user_id: str
    volume_id: str
    size: int
    created_at: datetime.datetime
    name: str | None = None
    description: str | None = None
    status: str = "creating"
    volume_type: VolumeType | None = None
    metadata: dict[str, str] = dataclasses.field(default_factory=dict)
    image_metadata: dict[str, str] = dataclasses.field(default_factory=dict)
    updated_at: datetime.datetime | None = None
    progress: str = "0%"

    @property
    def volume_type_id(self) -> str | None:
        """The type's id, as Cinder's column has it."""
        return self.volume_type.id if self.volume_type else None


@dataclasses.dataclass(slots=True)
class Image:
    """An image of Glance's, as far as Cinder asks; sizes in GiB.

    ``project_id`` None: public.
    """

    id: str
    name: str
    min_disk: int = 1
    project_id: str | None = None
    status: str = "active"

    def visible_to(self, token: Token) -> bool:
        """Whether Glance shows it to this token."""
        return (self.project_id is None or token.is_admin
                or (token.project is not None
                    and token.project.id == self.project_id))

    @property
    def metadata(self) -> dict[str, str]:
        """What a volume made from it has of it."""
        return {"image_id": self.id, "image_name": self.name,
                "min_disk": str(self.min_disk), "disk_format": "raw"}


@dataclasses.dataclass(slots=True)
class Transfer:
    """A live offer; an accepted or cancelled one is no row any more."""

    id: str
    volume_id: str
    auth_key: str = dataclasses.field(repr=False)
    source_project_id: str
    created_at: datetime.datetime
    name: str | None = None
    no_snapshots: bool = False
