"""A crowd: listings that cost their page are those that cost the whole."""

import json
import random

from oslotest import base

from cube_volpool import volumeapi
from cube_volpool.tests import simulator
from cube_volpool.tests.simulator import crowd, direct, lab, volumes


class CrowdTest(base.BaseTestCase):
    """Sixty volumes of three pools, ten to a page."""

    def setUp(self):
        super().setUp()
        self.cloud = simulator.Cloud.lab(simulator.SimClock(), max_limit=10)
        crowd.seed(
            self.cloud, count=60, pools=3, projects=2, deployment="test"
        )
        self.api = direct.DirectAPI(self.cloud, "volpool", "volpool")

    def page(self, **query):
        """Return the ids of a page, and whether there is another."""
        asked = {
            "sort": direct.SORT,
            "metadata": json.dumps({"cube_volpool_deployment": "test"}),
        }
        body = self.api._call(volumes.detail, query=asked | query)
        ids = [volume["id"] for volume in body["volumes"]]
        return ids, "volumes_links" in body

    def both(self, **query):
        """Return a page as it is, and as sorting all volumes gives it."""
        short = self.page(**query)
        order, self.cloud.order = self.cloud.order, None
        try:
            return short, self.page(**query)
        finally:
            self.cloud.order = order

    def test_pages_are_those_of_the_whole(self):
        """From any place on, of any size, with a filter or without."""
        ids = [one.volume_id for one in crowd.volumes(60, 3)]
        chance = random.Random(1)
        for _ in range(40):
            query = {"limit": str(chance.randrange(1, 12))}
            if chance.random() < 0.8:
                query["marker"] = chance.choice(ids)
            if chance.random() < 0.3:
                query["status"] = '["creating"]'

            short, whole = self.both(**query)

            self.assertEqual(whole, short)

    def test_changes_are_seen_at_once(self):
        """A volume comes, one goes, one gets another owner."""
        ids = self.page()[0]
        made = self.cloud.add_volume("volpool", "new").id
        self.cloud.drop_volume(self.cloud.volumes[ids[0]])
        offer = self.api.offer(ids[1], name="x")
        direct.DirectAPI(self.cloud, "skyline", "skyline-a").accept(offer)

        found = [volume.id for volume in self.api.list_volumes()]

        self.assertEqual(ids[2:], found[: len(ids) - 2])
        self.assertIn(made, found)

    def test_a_page_after_a_deleted_volume_is_refused(self):
        """As Cinder does."""
        [first, *_] = self.page()[0]
        self.cloud.drop_volume(self.cloud.volumes[first])

        self.assertRaises(
            volumeapi.NotFound, self.page, marker=first
        )

    def test_projects_may_claim(self):
        """The service account has a role in each."""
        for number in range(2):
            api = direct.DirectAPI(
                self.cloud, "skyline", crowd.project(number)
            )
            self.assertEqual((), api.list_volumes())

    def test_a_crowd_is_the_same_each_time(self):
        """Whoever makes rows of it needs no cloud."""
        again = list(crowd.volumes(60, 3))

        self.assertEqual(list(crowd.volumes(60, 3)), again)
        for one in again:
            volume = self.cloud.volume(one.volume_id)
            self.assertEqual(f"volpool-{one.marker}", volume.name)
            self.assertEqual(
                self.cloud.snapshot_id(f"{one.pool}_ssd_{lab.DATE}"),
                volume.snapshot_id,
            )
