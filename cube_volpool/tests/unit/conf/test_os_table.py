"""The table of another system, as an option says where it is."""

import pathlib

import fixtures

from cube_volpool import settings
from cube_volpool.tests.unit.conf import base

_TABLE: base.Groups = {"catalogue": {"source": "table"}}
_CERTIFICATE = "mysql+pymysql://u:secret@h/d?ssl_ca=/no/such/file.pem"


class TableCase(base.ConfCase):
    def test_every_kind_of_database_will_do(self):
        """Each with the names that a table has by default."""
        for url in (
            "sqlite:////tmp/x.db",
            "mysql+pymysql://u:p@h/skyline",
            "postgresql+psycopg2://u:p@h/skyline",
        ):
            found = self.load({**_TABLE, "os_table": {"connection": url}})

            self.assertIs(
                settings.ImageSource.TABLE, found.catalogue.source
            )
            self.assertEqual(
                settings.TableSettings(
                    connection=url,
                    table="os",
                    os_column="name",
                    type_column="type",
                    snapshot_column="snapshot_id",
                    version_column=None,
                ),
                found.catalogue.table,
            )

    def test_a_certificate_that_is_not_there_is_named(self):
        """As that of the database is, and by its own section."""
        self.assert_refused(
            "os_table",
            "connection",
            r"^ssl_ca: /no/such/file\.pem cannot be read",
            {**_TABLE, "os_table": {"connection": _CERTIFICATE}},
        )

    def test_one_that_is_there_is_none_the_worse(self):
        """Where it can be read it is used."""
        folder = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        (folder / "ca.pem").touch()
        url = f"mysql+pymysql://u:p@h/d?ssl_ca={folder}/ca.pem"
        found = self.load({**_TABLE, "os_table": {"connection": url}})

        assert found.catalogue.table is not None
        self.assertEqual(url, found.catalogue.table.connection)
