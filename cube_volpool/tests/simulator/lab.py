"""The world of the real lab: same names, sizes and password."""
from cube_volpool.tests.simulator.cloud import Cloud

PASSWORD = "labadmin"  # noqa: S105 - a laboratory
PROJECTS = ("admin", "service", "volpool", "skyline-a", "skyline-b")
USERS: tuple[tuple[str, str, dict[str, str]], ...] = (
    ("admin", "admin", {"admin": "admin", "skyline-a": "admin",
                        "skyline-b": "admin"}),
    ("cinder", "service", {"service": "admin"}),
    ("volpool", "volpool", {"volpool": "member", "service": "service"}),
    ("skyline", "service", {"skyline-a": "admin", "skyline-b": "admin"}),
    ("alice", "skyline-a", {"skyline-a": "member"}),
    ("bob", "skyline-b", {"skyline-b": "member"}),
)
SYSTEMS = (("debian-12", 1, ("ssd", "sas", "noflat")),
           ("ubuntu-24.04", 4, ("ssd", "noflat")))
DATE = "20261120"
#: Glance's one image.
IMAGE_ID = "00000000-0000-4000-8000-000000000012"

# Seconds per call, the medians seen on the lab.
LATENCY = {
    ("POST", "/identity/auth/tokens"): 0.227,
    ("GET", "/identity/auth/tokens"): 0.007,
    ("POST", "/volumes"): 0.130,
    ("GET", "/volumes"): 0.011,
    ("GET", "/volumes/detail"): 0.011,
    ("GET", "/volumes/*"): 0.016,
    ("PUT", "/volumes/*"): 0.017,
    ("DELETE", "/volumes/*"): 0.030,
    ("POST", "/volume-transfers"): 0.0145,
    ("POST", "/volume-transfers/*/accept"): 0.070,
    ("DELETE", "/volume-transfers/*"): 0.013,
    ("*", "**"): 0.012,
}


def seed(cloud: Cloud) -> None:
    """Fill an empty cloud; ``private`` is a type nobody may use yet."""
    for project in PROJECTS:
        cloud.add_project(project)
    for name, home, roles in USERS:
        cloud.add_user(name, PASSWORD, default_project=home, **roles)
    cloud.identity.grant("cinder", "service", "service")
    cloud.default_type = "ssd"
    cloud.add_type("__DEFAULT__")
    for kind in ("ssd", "sas", "noflat"):
        cloud.add_type(kind, flatten=kind != "noflat")
    cloud.add_type("private", is_public=False, backend="noflat",
                   flatten=False, access=("volpool",))
    for project in ("volpool", "service", "admin"):
        cloud.set_quota(project, volumes=-1, gigabytes=-1, snapshots=-1)
    for project in ("skyline-a", "skyline-b"):
        cloud.set_quota(project, volumes=5000, gigabytes=20000,
                        snapshots=100)
    cloud.add_image("debian-12", ident=IMAGE_ID)
    for system, size, kinds in SYSTEMS:
        for kind in kinds:
            seed_source(cloud, system, kind, size=size)


def seed_source(cloud: Cloud, system: str, kind: str, *, size: int,
                date: str = DATE, project: str = "volpool") -> str:
    """A golden volume and its OS snapshot; the snapshot's id."""
    name = f"{system}_{kind}_{date}"
    volume = cloud.add_volume(
        project, f"src-{name}", size=size, volume_type=kind,
        user="volpool", bootable=True, metadata={"role": "source"},
        image_metadata={
            "image_name": system, "min_disk": "1", "disk_format": "raw",
            "image_id": "00000000-0000-0000-0000-000000000001",
            "hw_disk_bus": "scsi", "os_distro": system.split("-")[0]})
    snapshot = cloud.add_snapshot(volume, name,
                                  metadata={"os": system, "type": kind})
    return snapshot.id
