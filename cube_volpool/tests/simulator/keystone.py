"""Keystone's views: discovery, and tokens."""
import hashlib
import uuid
from typing import Any

from cube_volpool.tests.simulator import answers, records
from cube_volpool.tests.simulator.answers import Answer
from cube_volpool.tests.simulator.context import Context

DENIED = "The request you have made requires authentication."
DOMAIN = {"id": "default", "name": "Default"}


def version(base: str) -> dict[str, Any]:
    """The document of version 3."""
    return {
        "id": "v3.14", "status": "stable", "updated": "2020-04-07T00:00:00Z",
        "links": [{"rel": "self", "href": f"{base}/v3/"}],
        "media-types": [{
            "base": "application/json",
            "type": "application/vnd.openstack.identity-v3+json"}]}


def versions(ctx: Context) -> Answer:
    """``GET /``."""
    return answers.as_json(
        300, {"versions": {"values": [version(ctx.base)]}},
        {"Location": f"{ctx.base}/v3/"})


def show_version(ctx: Context) -> Answer:
    """``GET /v3``."""
    return answers.as_json(200, {"version": version(ctx.base)})


def issue(ctx: Context) -> Answer:
    """``POST /v3/auth/tokens``."""
    auth = (ctx.body or {}).get("auth") or {}
    proof = auth.get("identity") or {}
    user, methods, parent = _identify(ctx, proof)
    if user is None:
        return answers.identity_refused(401, DENIED)
    scope = auth.get("scope")
    project = None
    if isinstance(scope, dict) and "project" in scope:
        wanted = scope["project"]
        project = ctx.cloud.identity.project(
            wanted.get("id") or wanted.get("name") or "")
        if project is None:
            return answers.identity_refused(401, DENIED)
    elif scope is None and parent is None and user.default_project_id:
        project = ctx.cloud.identity.projects[user.default_project_id]
    if project is not None and not user.roles.get(project.id):
        if scope is not None:
            return answers.identity_refused(401, DENIED)
        project = None
    token = ctx.cloud.identity.issue(
        user, project, methods,
        expires_at=parent.expires_at if parent else None)
    return _shown(ctx, token, 201)


def _identify(ctx: Context, proof: dict[str, Any]) -> tuple[
        records.User | None, tuple[str, ...], records.Token | None]:
    methods = tuple(proof.get("methods") or ())
    if "token" in methods:
        parent = ctx.cloud.identity.valid(
            (proof.get("token") or {}).get("id"))
        if parent is None:
            return None, methods, None
        merged = tuple(sorted({*parent.methods, "token"}))
        return parent.user, merged, parent
    if "password" not in methods:
        return None, methods, None
    wanted = (proof.get("password") or {}).get("user") or {}
    user = ctx.cloud.identity.user(
        wanted.get("id") or wanted.get("name") or "")
    if user is None or user.password != wanted.get("password"):
        return None, methods, None
    return user, ("password",), None


def validate(ctx: Context) -> Answer:
    """``GET /v3/auth/tokens``; a token may look at those of its user."""
    subject_id = ctx.headers.get("x-subject-token")
    caller = ctx.cloud.identity.valid(ctx.headers.get("x-auth-token"))
    if caller is None:
        return answers.identity_refused(401, DENIED)
    subject = ctx.cloud.identity.valid(subject_id)
    if subject is None:
        return answers.identity_refused(
            404, "Could not recognize Fernet token")
    if not ("admin" in caller.roles or "service" in caller.roles
            or caller.user is subject.user):
        return answers.identity_refused(
            403, "You are not authorized to perform the requested action: "
                 "identity:validate_token.")
    return _shown(ctx, subject, 200)


def revoke(ctx: Context) -> Answer:
    """``DELETE /v3/auth/tokens``, of the same user only."""
    caller = ctx.cloud.identity.valid(ctx.headers.get("x-auth-token"))
    if caller is None:
        return answers.identity_refused(401, DENIED)
    subject = ctx.cloud.identity.valid(ctx.headers.get("x-subject-token"))
    if subject is None:
        return answers.identity_refused(
            404, "Could not recognize Fernet token")
    if caller.user is not subject.user and not caller.is_admin:
        return answers.identity_refused(
            403, "You are not authorized to perform the requested action: "
                 "identity:revoke_token.")
    subject.revoked = True
    return answers.empty(204)


def _shown(ctx: Context, token: records.Token, status: int) -> Answer:
    body: dict[str, Any] = {
        "methods": list(token.methods),
        "user": {"domain": DOMAIN, "id": token.user.id,
                 "name": token.user.name, "password_expires_at": None},
        "audit_ids": [hashlib.sha256(token.id.encode()).hexdigest()[:22]],
        "expires_at": token.expires_at.strftime("%Y-%m-%dT%H:%M:%S.000000Z"),
        "issued_at": token.issued_at.strftime("%Y-%m-%dT%H:%M:%S.000000Z")}
    if token.project is not None:
        body["project"] = {"domain": DOMAIN, "id": token.project.id,
                           "name": token.project.name}
        body["is_domain"] = False
        body["roles"] = [{"id": _stable(role), "name": role}
                         for role in sorted(token.roles)]
        if "nocatalog" not in ctx.query:
            body["catalog"] = catalogue(ctx)
    return answers.as_json(status, {"token": body},
                           {"X-Subject-Token": token.id,
                            "Vary": "X-Auth-Token"})


def catalogue(ctx: Context) -> list[dict[str, Any]]:
    """The services, at the host the client used."""
    root = ctx.base.removesuffix("/identity")
    region = ctx.cloud.region
    services = (("volumev3", "cinderv3", f"{root}/volume/v3"),
                ("block-storage", "cinder", f"{root}/volume/v3"),
                ("identity", "keystone", f"{root}/identity/v3"))
    return [{"type": kind, "name": name, "id": _stable(name), "endpoints": [
        {"id": _stable(name + interface), "interface": interface,
         "region_id": region, "region": region, "url": url}
        for interface in ("public", "internal", "admin")]}
        for kind, name, url in services]


def _stable(name: str) -> str:
    return uuid.uuid5(uuid.NAMESPACE_DNS, name).hex
