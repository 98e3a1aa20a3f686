"""Claims on a real Cinder: what arrives, where, and how often."""

import functools

from cube_volpool import client, exception
from cube_volpool.tests.integration import base, installation


class TestPool(base.LabCase):
    """The stock."""

    def test_pools_fill_with_marked_volumes_of_the_pool_project(self):
        """min_ready volumes per pool, flattened or not, ready and marked."""
        self.fill(
            {
                "clone": {**base.NOFLAT, "min_ready": 2},
                "copy": {
                    "os_name": "debian-12", "volume_type": "ssd",
                    "min_ready": 1,
                },
            }
        )

        shelf = self.shelf().values()
        kinds = sorted(volume["volume_type"] for volume in shelf)
        self.assertEqual(["noflat", "noflat", "ssd"], kinds)
        for volume in shelf:
            marker = volume["metadata"]["cube_volpool_marker"]
            self.assertEqual(f"volpool-{marker}", volume["name"])
            self.assertEqual("available", volume["status"])
            self.assertEqual("true", volume["bootable"])
            self.assertIn(
                volume["metadata"]["cube_volpool_pool"],
                (self.site.pool("clone"), self.site.pool("copy")),
            )


class TestClaim(base.LabCase):
    """Hits, repeats, refusals."""

    def test_claim_gives_each_project_a_bootable_volume_of_its_own(self):
        """Owner, name, type, snapshot, image metadata: as if created."""
        self.fill({"deb": {**base.NOFLAT, "min_ready": 2}})

        for project in base.MEMBERS:
            answer = self.claim("web_sys", project)

            self.assertEqual("pool", answer["source"])
            self._check_like_created(answer["volume"], project)
        self.until_full()
        self.assertEqual(2, self.pools()["deb"]["hits"])

    def _check_like_created(self, told, project):
        volume = self.member(project).show(told["id"])
        wanted = self.body("web_sys")
        self.assertEqual(
            {
                "os-vol-tenant-attr:tenant_id": self.lab.projects[project],
                "name": wanted["name"],
                "status": "available",
                "size": 1,
                "volume_type": "noflat",
                "snapshot_id": wanted["snapshot_id"],
                "bootable": "true",
                "attachments": [],
            },
            {key: volume[key] for key in (
                "os-vol-tenant-attr:tenant_id", "name", "status", "size",
                "volume_type", "snapshot_id", "bootable", "attachments",
            )},
        )
        image = volume["volume_image_metadata"]
        self.assertEqual("debian-12", image["image_name"])
        self.assertEqual("scsi", image["hw_disk_bus"])
        self.assertEqual("test", volume["metadata"]["purpose"])
        self.assertEqual(
            {"purpose", "cube_volpool_deployment", "cube_volpool_claim"},
            set(volume["metadata"]),
        )
        for key in ("id", "name", "status", "size", "volume_type",
                    "snapshot_id", "bootable", "metadata"):
            self.assertEqual(volume[key], told[key], key)
        pool = self.lab.account("volpool", "volpool")
        self.assertIsNone(pool.volume(told["id"]))

    def test_same_name_again_gives_the_same_volume(self):
        """A repeat costs no volume; another project's name is its own."""
        self.fill({"deb": {**base.NOFLAT, "min_ready": 2}})
        first = self.claim("db_sys")
        again = self.claim("db_sys")
        other = self.claim("db_sys", "skyline-b")

        self.assertEqual("existing", again["source"])
        self.assertEqual(first["volume"]["id"], again["volume"]["id"])
        self.assertNotEqual(first["volume"]["id"], other["volume"]["id"])
        self.assertEqual([first["volume"]["id"]], self.named("db_sys"))

    def test_caller_over_quota_hears_cinder_and_leaves_the_shelf_whole(self):
        """Cinder's message; the volume is back under its pool name."""
        self.fill({"deb": {**base.NOFLAT, "min_ready": 1}})
        before = self.shelf()
        restore = self._no_room_in("skyline-b")

        error = self.assertRaises(
            exception.QuotaExceeded, self.claim, "full_sys", "skyline-b"
        )

        self.assertRegex(str(error), "(?i)maximum number of volumes allowed")
        self.assertEqual(self._kept(before), self._kept(self.shelf()))
        (volume_id,) = before
        pool = self.lab.account("volpool", "volpool")
        self.assertEqual([], pool.transfers(volume_id))
        self.assertEqual(1, self.pools()["deb"]["ready"])

        restore()
        answer = self.claim("full_sys", "skyline-b")
        self.assertEqual(volume_id, answer["volume"]["id"])

    def _kept(self, shelf):
        return {
            ident: (volume["name"], volume["status"], volume["metadata"])
            for ident, volume in shelf.items()
        }

    def _no_room_in(self, project):
        """Let a project have no more volumes; returns what undoes it."""
        admin = self.lab.account("admin", "admin")
        path = f"/os-quota-sets/{self.lab.projects[project]}"
        shown = admin.call("GET", path, usage="true")["quota_set"]["volumes"]
        set_to = functools.partial(self._set_volumes, admin, path)
        restore = functools.partial(set_to, shown["limit"])
        self.addCleanup(restore)
        set_to(shown["in_use"])
        return restore

    def _set_volumes(self, admin, path, limit):
        admin.call("PUT", path, {"quota_set": {"volumes": limit}})

    def test_30_claims_on_20_volumes_are_20_hits_and_10_misses(self):
        """With refill held: every caller gets a volume, none gets two."""
        self.fill(
            {"deb": {**base.NOFLAT, "min_ready": 20, "max_creating": 16}}
        )
        self.site.hold_refill()

        results = self.side_by_side(
            {
                f"{project}/{number}": functools.partial(
                    self.claim, f"burst{number}_sys", project
                )
                for number in range(15)
                for project in base.MEMBERS
            }
        )

        sources = sorted(
            result["source"] if isinstance(result, dict) else repr(result)
            for result in results.values()
        )
        self.assertEqual(["created"] * 10 + ["pool"] * 20, sources)
        ids = {result["volume"]["id"] for result in results.values()}
        self.assertEqual(30, len(ids))
        for key, result in results.items():
            project, _, number = key.partition("/")
            found = self.named(f"burst{number}_sys", project)
            self.assertEqual([result["volume"]["id"]], found)
        pool = self.pools()["deb"]
        self.assertEqual((0, 20, 10), tuple(
            pool[key] for key in ("ready", "hits", "misses")
        ))


class TestAccounts(base.LabCase):
    """The three kinds of tenant credential."""

    def test_plain_member_account_hands_over_but_cannot_miss(self):
        """A miss with an account that sees no snapshot is PoolEmpty."""
        self.fill(
            {"deb": {**base.NOFLAT, "min_ready": 1}},
            changes={"tenant": {"username": "carrier"}},
        )
        self.site.hold_refill()

        self.assertEqual("pool", self.claim("one_sys")["source"])
        self.assertRaises(exception.PoolEmpty, self.claim, "two_sys")
        self.assertEqual([], self.named("two_sys"))

    def test_callers_own_token_accepts_for_its_project_alone(self):
        """No account of ours in the project: the caller's token is enough."""
        service = {
            **installation.account(self.lab, "volpool"),
            **installation.project("service"),
        }
        service.pop("region_name")
        self.fill(
            {"deb": {**base.NOFLAT, "min_ready": 1}},
            changes={
                "tenant": {"use_caller_token": True},
                "service_user": service,
            },
        )
        token = self.member("skyline-a").token

        answer = self.claim("own_sys", auth_token=token)

        self.assertEqual("pool", answer["source"])
        self.assertEqual([answer["volume"]["id"]], self.named("own_sys"))
        self.assertRaises(
            exception.ProjectMismatch,
            self.claim, "own_sys", "skyline-b", auth_token=token,
        )
        error = self.assertRaises(
            exception.InvalidRequest, self.claim, "none_sys"
        )
        self.assertEqual("context.auth_token", error.field)


class TestClientLibrary(base.LabCase):
    """skyline's own function on the real cloud."""

    def test_create_volume_if_absent_gives_a_pooled_volume_once(self):
        """The id of the pooled volume, and the same id when asked again."""
        self.fill({"deb": {**base.NOFLAT, "min_ready": 1}})
        wanted = self.body("web_sys")
        api = _CloudAPI(self.member("skyline-a"))
        hostname = wanted["name"].removesuffix("_sys")

        ids = {
            client.create_volume_if_absent(
                api, hostname, "sys", snapshot_id=wanted["snapshot_id"],
                volume_type=wanted["volume_type"],
            )
            for _ in range(2)
        }

        self.assertEqual(self.named("web_sys"), list(ids))
        self.assertEqual(1, self.pools()["deb"]["hits"])


class _CloudAPI:
    """What skyline's tasks have in their hands."""

    def __init__(self, account):
        self._account = account
        self.context = {"project_id": account.project_id}

    def get(self, _service, url):
        return self._account.call("GET", f"/{url}")

    def post(self, _service, url, body):
        return self._account.call("POST", f"/{url}", body)
