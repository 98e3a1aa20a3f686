"""``[pool_project]``, ``[tenant]`` and ``[service_user]``: who we are.

Each is a section of keystoneauth: the options of an authentication plugin, of
a session, and (but for the service user) of an adapter for Cinder.
"""

import copy
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

from keystoneauth1 import exceptions as ks_exceptions
from keystoneauth1 import loading as ks
from oslo_config import cfg

from cube_volpool import certificates
from cube_volpool.conf import section

POOL_PROJECT: Final = "pool_project"
TENANT: Final = "tenant"
SERVICE_USER: Final = "service_user"

#: keystoneauth has none, and without one a call may hang for ever.
_TIMEOUT: Final = 60
_SERVICE_TYPE: Final = "block-storage"
#: What would bind a token to one scope; the daemon names the project itself.
_SCOPES: Final = (
    "project_id",
    "project_name",
    "domain_id",
    "domain_name",
    "system_scope",
    "trust_id",
)
_DEFAULT_DOMAIN: Final = ("default_domain_id", "default_domain_name")
#: keystoneauth repeats POSTs too, and a repeated create is a second volume.
_RETRIES: Final = ("connect_retries", "status_code_retries")

TENANT_OPTS: Final = (
    cfg.BoolOpt(
        "use_caller_token",
        default=False,
        help="Act in the caller's project with the token that the caller "
        "sends, together with a token of [service_user]. Then a claim "
        "without a token is refused, the account of this section is not "
        "used, and a claim whose daemon has died waits for its caller to ask "
        "again. Without it the daemon uses the account of this section: it "
        "finishes such claims by itself, but whoever may publish on the "
        "message bus may claim for any project.",
    ),
)


def register(conf: cfg.ConfigOpts) -> None:
    """Register the three sections."""
    for group in (POOL_PROJECT, TENANT, SERVICE_USER):
        ks.register_auth_conf_options(conf, group)
        ks.register_session_conf_options(conf, group)
        conf.set_default("timeout", _TIMEOUT, group=group)
    for group in (POOL_PROJECT, TENANT):
        ks.register_adapter_conf_options(conf, group)
        conf.set_default("service_type", _SERVICE_TYPE, group=group)
    conf.register_opts(TENANT_OPTS, group=TENANT)


def list_opts() -> list[tuple[str, list[Any]]]:
    """Return the three sections for the sample, with our defaults."""
    common = [
        *ks.get_auth_common_conf_options(),
        *ks.get_auth_plugin_conf_options("password"),
        *_with_default(ks.get_session_conf_options(), "timeout", _TIMEOUT),
    ]
    adapter = _with_default(
        ks.get_adapter_conf_options(include_deprecated=False),
        "service_type",
        _SERVICE_TYPE,
    )
    unscoped = [opt for opt in common if opt.dest not in _SCOPES]
    return [
        (POOL_PROJECT, [*common, *adapter]),
        (TENANT, [*TENANT_OPTS, *unscoped, *adapter]),
        (SERVICE_USER, list(common)),
    ]


def _with_default(
    opts: Sequence[Any], dest: str, default: object
) -> list[Any]:
    copies = copy.deepcopy(list(opts))
    cfg.set_defaults(copies, **{dest: default})
    return copies


class Keyring:
    """One of the sections, of a parsed configuration."""

    def __init__(self, conf: cfg.ConfigOpts, group: str) -> None:
        self._conf = conf
        self.section = section.Section(conf, group)
        # Now that auth_section is known, its auth_type can be read as well.
        ks.register_auth_conf_options(conf, group)

    @property
    def has_auth(self) -> bool:
        """Is there an account?"""
        return self._auth_type() is not None

    def check(self) -> None:
        """Refuse what keystoneauth would trip over, or do twice."""
        timeout = self.section.get("timeout")
        if timeout is None or timeout <= 0:
            raise self.section.wrong("timeout", "must be more than 0 seconds")
        for option in _RETRIES if self.section.group != SERVICE_USER else ():
            if self.section.get(option):
                raise self.section.wrong(
                    option,
                    "must stay 0: it would also repeat a create or a "
                    "transfer that Cinder has already carried out",
                )
        self._check_files()
        if self.has_auth:
            self._check_plugin()

    def _check_files(self) -> None:
        auth_url = self._account("auth_url") or ""
        if not auth_url.startswith("https:"):
            return
        files = ["certfile", "keyfile"]
        if not self.section.get("insecure"):
            files.append("cafile")
        for option in files:
            path = self.section.words(option)
            trouble = certificates.trouble(path) if path else None
            if trouble is not None:
                raise self.section.wrong(option, trouble)

    def timeout(self) -> timedelta:
        """Return the time that one HTTP request may take."""
        return self.section.seconds("timeout")

    def scopes(self) -> list[str]:
        """Return the options that name a scope."""
        return [option for option in _SCOPES if self._has(option)]

    def is_scopable(self) -> bool:
        """Can the plugin ask for a token of any project it has a role in?"""
        return (
            "project_id" in self._plugin_options()
            and not self.is_application_credential()
        )

    def is_application_credential(self) -> bool:
        """Is the account bound to the project it was made in?"""
        return "application_credential_secret" in self._plugin_options()

    def _source(self) -> str:
        return self.section.words("auth_section") or self.section.group

    def _auth_type(self) -> str | None:
        return section.Section(self._conf, self._source()).words("auth_type")

    def _plugin_options(self) -> tuple[str, ...]:
        try:
            opts = ks.get_auth_plugin_conf_options(self._auth_type() or "")
        except ks_exceptions.NoMatchingPlugin as error:
            raise self.section.wrong("auth_type", str(error)) from error
        self._conf.register_opts(opts, group=self._source())
        return tuple(opt.dest for opt in opts)

    def _check_plugin(self) -> None:
        self._plugin_options()
        try:
            ks.load_auth_from_conf_options(self._conf, self.section.group)
        except ks_exceptions.MissingRequiredOptions as error:
            option = error.options[0].dest
            raise self.section.wrong(option, "not set") from error
        except ks_exceptions.OptionError as error:
            raise self.section.wrong("auth_type", str(error)) from error
        self._check_named("user_id", "username", "user_domain")
        if self.section.group != TENANT:
            self._check_named("project_id", "project_name", "project_domain")
        if "password" in self._plugin_options():
            self._check_user()

    def _check_user(self) -> None:
        # keystoneauth finds these out with the first request, and then as a
        # bare Exception.
        if not self._has("user_id") and not self._has("username"):
            raise self.section.wrong("username", "not set")
        if not self._has("password"):
            raise self.section.wrong("password", "not set")

    def _check_named(self, by_id: str, by_name: str, domain: str) -> None:
        if f"{domain}_name" not in self._plugin_options():
            return
        if not self._has(by_name) or self._has(by_id):
            return
        domains = (f"{domain}_id", f"{domain}_name")
        if not any(map(self._has, (*domains, *_DEFAULT_DOMAIN))):
            raise self.section.wrong(
                f"{domain}_name",
                f"not set; {by_name} alone is not unique in Keystone",
            )

    def _has(self, option: str) -> bool:
        return bool(self._account(option))

    def _account(self, option: str) -> str | None:
        """Return an option of the account; None without it."""
        if not self.has_auth or option not in self._plugin_options():
            return None
        return section.Section(self._conf, self._source()).words(option)


def check_pool_project(keyring: Keyring) -> None:
    """Refuse a pool section that has no account or no project."""
    keyring.check()
    if not keyring.has_auth:
        raise keyring.section.wrong(
            "auth_type",
            "not set; the pool needs an account, for example with password",
        )
    if keyring.is_scopable() and not keyring.scopes():
        raise keyring.section.wrong(
            "project_id",
            "not set; name the project that owns the pool, here or as "
            "project_name with project_domain_name",
        )


def check_tenant(keyring: Keyring, service_user: Keyring) -> None:
    """Refuse a tenant section that cannot act, or is bound to a project."""
    keyring.check()
    service_user.check()
    if keyring.section.get("use_caller_token"):
        if not service_user.has_auth:
            raise service_user.section.wrong(
                "auth_type",
                f"not set; [{TENANT}] use_caller_token needs a service user",
            )
    elif not keyring.has_auth:
        raise keyring.section.wrong(
            "auth_type",
            "not set; give an account that is member of the callers' "
            "projects, or set use_caller_token",
        )
    if keyring.has_auth:
        _check_unbound(keyring)


def _check_unbound(keyring: Keyring) -> None:
    for option in keyring.scopes():
        raise keyring.section.wrong(
            option,
            "must not be set: the daemon asks for a token of the project of "
            "each claim",
        )
    if not keyring.is_scopable():
        raise keyring.section.wrong(
            "auth_type",
            "this kind of account is bound to one project or to none; the "
            "daemon needs tokens of the project of each claim",
        )
