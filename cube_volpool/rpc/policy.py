"""Who may call which method: oslo.policy, with a rule for every method.

In service mode the message bus is the trust boundary: project and roles are
what the context says.  With callers' own tokens Keystone is asked instead.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from oslo_config import cfg
from oslo_policy import policy

from cube_volpool import exception
from cube_volpool.rpc import request

#: What the name of every rule of ours begins with.
PREFIX: Final = "cube_volpool:"
#: For the methods that steer the daemon.
ADMIN: Final = "rule:admin"

_BASE: Final = (
    policy.RuleDefault(
        "admin",
        "role:admin",
        description="An operator.",
    ),
    policy.RuleDefault(
        "a_project",
        "project_id:%(project_id)s",
        description="Anybody who acts in a project.",
    ),
)


def _rule(method: str, arguments: str, check: str, about: str) -> Any:
    return policy.DocumentedRuleDefault(
        f"{PREFIX}{method}",
        check,
        about,
        # oslo.policy knows of HTTP alone; this is a method of our topic.
        [{"path": f"{method}({arguments})", "method": "RPC"}],
    )


_METHODS: Final = (
    _rule(
        "claim_volume",
        "volume, os_name, budget",
        "rule:a_project",
        "Claim a boot volume for the project of the context, or of the "
        "caller's token where the daemon acts with that.",
    ),
    _rule(
        "claim_volumes",
        "volumes, os_name, budget, all_or_nothing",
        # What keeps somebody from one volume must keep them from several.
        f"rule:{PREFIX}claim_volume",
        "Claim several boot volumes in one request.",
    ),
    _rule(
        "get_pools",
        "",
        "@",
        "See how many volumes each pool has; nothing of any project is in it.",
    ),
    _rule(
        "list_os",
        "",
        ADMIN,
        "See the images, and how many volumes still hold each of them.",
    ),
    _rule(
        "sync_os",
        "dry_run",
        ADMIN,
        "Let the images be read anew, and the pools follow; or see what that "
        "would change.",
    ),
    _rule(
        "rollback_os",
        "os_name, volume_type",
        ADMIN,
        "Let the pools of an OS and type go back to the image before.",
    ),
    _rule(
        "allow_os",
        "snapshot_id",
        ADMIN,
        "Take the rejection of an image back.",
    ),
    _rule(
        "list_volumes",
        "volume_id, pool, status, after, limit",
        ADMIN,
        "See the volumes on the shelves, and those on their way there.",
    ),
    _rule(
        "hold_volume",
        "volume_id",
        ADMIN,
        "Keep a ready volume from claims, for study.",
    ),
    _rule(
        "evict_volume",
        "volume_id, reason",
        ADMIN,
        "Give a volume of a pool up; it is deleted.",
    ),
    _rule(
        "list_claims",
        "project_id, name, pool, status, after, limit",
        ADMIN,
        "See the claims of all projects.",
    ),
    _rule("pause_pool", "pool", ADMIN, "Let a pool build nothing more."),
    _rule("resume_pool", "pool", ADMIN, "Let a pool build again."),
    _rule("drain_pool", "pool", ADMIN, "Let a pool give all its stock up."),
    _rule(
        "refill_pool",
        "pool",
        ADMIN,
        "Let a pool be looked at now, also after builds that failed.",
    ),
    _rule(
        "get_plan",
        "pool",
        ADMIN,
        "See what the next round of the pools would do, and why.",
    ),
)


def list_rules() -> list[Any]:
    """Return all rules with their defaults, for oslo.policy's programs."""
    return [*_BASE, *_METHODS]


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """Who calls, as far as that is known."""

    project_id: str | None
    user_id: str | None
    roles: tuple[str, ...]
    auth_token: str | None = field(repr=False)


#: Asks Keystone for the roles of a caller; raises errors of the wire.
RolesOf = Callable[[Credentials], tuple[str, ...]]


def claimed_roles(credentials: Credentials) -> tuple[str, ...]:
    """Return the roles that the context claims: whoever is on the bus may."""
    return credentials.roles


class Policy:
    """The rules in force; the policy file is read again when it changes."""

    def __init__(
        self, conf: cfg.ConfigOpts, *, roles_of: RolesOf = claimed_roles
    ) -> None:
        self._roles_of = roles_of
        self._enforcer = policy.Enforcer(conf)
        self._enforcer.register_defaults(list_rules())

    def check(self) -> None:
        """Read the policy file.  Raises InvalidConfiguration."""
        try:
            self._enforcer.load_rules()
            self._enforcer.check_rules(raise_on_violation=True)
        except Exception as error:
            # A file that is no YAML, a rule that is none, a circle of rules:
            # each has an exception of its own.
            raise exception.InvalidConfiguration(
                group="oslo_policy",
                option="policy_file",
                reason=f"the policy cannot be read: {error}",
            ) from error

    def authorize(self, method: str, ctxt: object) -> None:
        """Let the caller of a method pass.  Raises NotPermitted."""
        caller = credentials(ctxt)
        target = {"project_id": caller.project_id}
        known: dict[str, Any] = {
            "user_id": caller.user_id,
            "roles": list(self._roles_of(caller)),
        }
        if caller.project_id is not None:
            known["project_id"] = caller.project_id
        rule = f"{PREFIX}{method}"
        if not self._enforcer.authorize(rule, target, known):
            raise exception.NotPermitted(method=method, rule=rule)


def credentials(ctxt: object) -> Credentials:
    """Read what a context says of its caller; what is no word is left out."""
    known: Mapping[str, Any] = ctxt if isinstance(ctxt, dict) else {}
    roles = known.get("roles")
    return Credentials(
        project_id=_word(known.get("project_id")),
        user_id=_word(known.get("user_id")),
        roles=tuple(filter(None, map(_word, roles)))
        if isinstance(roles, list)
        else (),
        auth_token=request.token(known),
    )


def _word(value: object) -> str | None:
    is_word = isinstance(value, str) and 0 < len(value) <= request.LONGEST
    return value if is_word and isinstance(value, str) else None


def get_enforcer() -> Any:
    """Return an enforcer of the configuration, for oslo.policy's programs."""
    conf = cfg.ConfigOpts()
    conf([], project="cube_volpool")
    enforcer = policy.Enforcer(conf)
    enforcer.register_defaults(list_rules())
    return enforcer
