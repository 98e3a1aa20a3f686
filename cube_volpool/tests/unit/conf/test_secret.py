"""Which values of a configuration are secrets."""

from cube_volpool.conf import secret
from cube_volpool.tests.unit.conf import base


class TestSecret(base.ConfCase):
    def secrets(self, changes: base.Groups) -> tuple[str, ...]:
        """Return the secrets of the right file, changed."""
        return secret.read(self.parse(base.with_changes(changes)))

    def test_passwords_of_all_accounts(self):
        """Whatever the plugin calls its secret."""
        found = self.secrets(
            {
                "pool_project": {"password": "one"},
                "tenant": {"password": "two"},
                "service_user": {
                    "auth_type": "v3applicationcredential",
                    "application_credential_secret": "three",
                },
            }
        )

        self.assertLessEqual({"one", "two", "three"}, set(found))

    def test_passwords_of_the_servers(self):
        """In a URL: as it is written, and as it is meant."""
        found = self.secrets(
            {
                "DEFAULT": {
                    "transport_url": "rabbit://a:p%40a@h1:1,b:p%2Fb@h2:2/v"
                },
                "database": {"connection": "mysql+pymysql://c:p:c@h/d"},
            }
        )

        self.assertLessEqual(
            {"p%40a", "p@a", "p%2Fb", "p/b", "p:c"}, set(found)
        )

    def test_account_in_a_section_of_its_own(self):
        """auth_section leads to it."""
        found = self.secrets(
            {
                "tenant": {"auth_section": "shared"},
                "shared": {"auth_type": "password", "password": "four"},
            }
        )

        self.assertIn("four", found)

    def test_wrong_options_are_somebody_elses_business(self):
        """Masking comes before checking, so it must not stumble."""
        found = self.secrets(
            {
                "pool_project": {"auth_type": "no-such-plugin"},
                "tenant": {"auth_type": None},
                "database": {"connection": None},
            }
        )

        self.assertEqual(("rabbit://",), found)
