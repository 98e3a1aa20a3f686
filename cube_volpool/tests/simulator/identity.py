"""Keystone's state: projects, users, roles, tokens."""
import datetime
import secrets
import uuid

from cube_volpool.tests.simulator import records
from cube_volpool.tests.simulator.clock import Clock

# Keystone's implied roles; a token carries the implied ones too.
IMPLIED = {
    "admin": {"manager", "member", "reader"},
    "manager": {"member", "reader"},
    "member": {"reader"},
}
# [token] allow_expired_window of keystonemiddleware's default.
EXPIRED_WINDOW = datetime.timedelta(seconds=172800)


class Identity:
    """Who there is, and which tokens are out. The cloud's lock guards it."""

    def __init__(self, clock: Clock, token_seconds: float) -> None:
        self._clock = clock
        self.token_seconds = token_seconds
        self.projects: dict[str, records.Project] = {}
        self.users: dict[str, records.User] = {}
        self.tokens: dict[str, records.Token] = {}

    def project(self, wanted: str) -> records.Project | None:
        """The project of this id or name; None when there is none."""
        found = self.projects.get(wanted)
        return found or next(
            (p for p in self.projects.values() if p.name == wanted), None)

    def user(self, wanted: str) -> records.User | None:
        """The user of this id or name; None when there is none."""
        found = self.users.get(wanted)
        return found or next(
            (u for u in self.users.values() if u.name == wanted), None)

    def add_project(self, name: str) -> records.Project:
        """The project of that name, made when it is new."""
        found = self.project(name)
        if found is None:
            found = records.Project(uuid.uuid4().hex, name)
            self.projects[found.id] = found
        return found

    def add_user(self, name: str, password: str,
                 default_project: str | None = None) -> records.User:
        """The user of that name, made when it is new."""
        found = self.user(name)
        if found is None:
            found = records.User(uuid.uuid4().hex, name, password)
            self.users[found.id] = found
        if default_project is not None:
            found.default_project_id = self.add_project(default_project).id
        return found

    def grant(self, user: str, project: str, role: str) -> None:
        """Give a role, by names or ids. Raises KeyError for strangers."""
        who, where = self.user(user), self.project(project)
        if who is None or where is None:
            raise KeyError(f"no user {user} or no project {project}")
        who.roles.setdefault(where.id, set()).add(role)

    def issue(self, user: records.User, project: records.Project | None,
              methods: tuple[str, ...], *,
              expires_at: datetime.datetime | None = None,
              ) -> records.Token:
        """A new token; a re-scoped one keeps its parent's expiry."""
        given = user.roles.get(project.id, set()) if project else set()
        roles = set(given)
        for role in given:
            roles |= IMPLIED.get(role, set())
        now = self._clock.now()
        token = records.Token(
            "gAAAAAB" + secrets.token_urlsafe(120), user, project,
            frozenset(roles), methods, now,
            expires_at or now + datetime.timedelta(
                seconds=self.token_seconds))
        self.tokens[token.id] = token
        return token

    def valid(self, token_id: str | None) -> records.Token | None:
        """The token behind this id, None when unknown, over or revoked."""
        token = self.tokens.get(token_id or "")
        if (token is None or token.revoked
                or token.expires_at <= self._clock.now()):
            return None
        return token

    def accepted(self, token_id: str | None,
                 service_token_id: str | None) -> records.Token | None:
        """The token a service lets in.

        An expired one passes for two days when a valid token with the
        role service comes along.
        *Source:* keystonemiddleware, service_token_roles_required.
        """
        token = self.valid(token_id)
        if token is not None:
            return token
        service = self.valid(service_token_id)
        late = self.tokens.get(token_id or "")
        if (service is None or late is None or late.revoked
                or "service" not in service.roles):
            return None
        return (late if late.expires_at + EXPIRED_WINDOW > self._clock.now()
                else None)

    def revoke(self, user: str) -> None:
        """Revoke every token of a user, by name or id."""
        for token in self.tokens.values():
            if user in (token.user.id, token.user.name):
                token.revoked = True
