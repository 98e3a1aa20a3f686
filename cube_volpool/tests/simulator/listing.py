"""Filters, order and pages of Cinder's lists.

*Source:* cinder api/common.py, db/api.py (_process_volume_filters,
_filter_time_comparison), volume/api.py (check_volume_filters).
"""
import ast
import datetime
import itertools
import operator
import urllib.parse
from collections.abc import Callable, Iterable
from typing import Any

from cube_volpool.tests.simulator import schema
from cube_volpool.tests.simulator.answers import bad, invalid_input, not_found
from cube_volpool.tests.simulator.context import Context

FILTERS = {
    "volume": ["name", "status", "metadata", "bootable", "migration_status",
               "availability_zone", "group_id", "size", "created_at",
               "updated_at", "consumes_quota"],
    "backup": ["name", "status", "volume_id"],
    "snapshot": ["name", "status", "volume_id", "metadata",
                 "availability_zone", "consumes_quota"],
    "group": ["name"],
    "group_snapshot": ["name", "status", "group_id"],
    "attachment": ["volume_id", "status", "instance_id", "attach_status"],
    "message": ["resource_uuid", "resource_type", "event_id", "request_id",
                "message_level"],
    "pool": ["name", "volume_type"],
    "volume_type": ["is_public", "extra_specs"],
}
PAGING = ("limit", "marker", "offset", "sort", "sort_key", "sort_dir",
          "with_count")
# Columns of the model a filter or a sort may name, and where they are here.
COLUMNS = {
    "display_name": "name", "display_description": "description",
    "volume_size": "size", "use_quota": "consumes_quota",
    **{n: n for n in (
        "id", "status", "size", "bootable", "availability_zone", "host",
        "project_id", "user_id", "volume_type_id", "snapshot_id",
        "source_volid", "created_at", "updated_at", "service_uuid",
        "volume_id", "no_snapshots", "source_project_id")},
}
CONSTANTS = {"migration_status": None, "group_id": None,
             "consumes_quota": True, "multiattach": False,
             "consistencygroup_id": None, "encryption_key_id": None,
             "deleted": False}
COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "gt": operator.gt, "gte": operator.ge, "eq": operator.eq,
    "neq": operator.ne, "lt": operator.lt, "lte": operator.le}

Row = Any


def filters_of(ctx: Context, resource: str) -> dict[str, str]:
    """The filters of a request.

    A member's unknown filter is 400 from 3.31 on, and dropped before; an
    admin may name anything.
    """
    found = {k: v for k, v in ctx.query.items() if k not in PAGING}
    found.pop("all_tenants", None)
    if not ctx.who.is_admin:
        unknown = [k for k in found if k not in FILTERS[resource]]
        if unknown and ctx.minor >= 31:
            raise bad(f"Invalid filters {','.join(unknown)} are found in "
                      "query options.")
        found = {k: v for k, v in found.items() if k not in unknown}
    renamed = {"name": "display_name", "consumes_quota": "use_quota"}
    return {renamed.get(k, k): v for k, v in found.items()}


def selected(rows: Iterable[Row], filters: dict[str, str]) -> list[Row]:
    """The rows all filters let pass; none when a column is unknown."""
    tests = _tests(filters)
    if tests is None:
        return []
    for test in tests:
        rows = filter(test, rows)
    return list(rows)


def _tests(filters: dict[str, str]) -> list[Callable[[Row], bool]] | None:
    """The tests of the filters; None when no row passes them."""
    found = [_test(key, text) for key, text in filters.items()]
    tests = [test for test in found if test is not None]
    return tests if len(tests) == len(found) else None


def _test(key: str, text: str) -> Callable[[Row], bool] | None:
    if key in ("created_at", "updated_at"):
        return _time_test(key, text)
    if key in ("bootable", "use_quota"):
        try:
            wanted = schema.truth(text, key)
        except Exception:
            raise invalid_input(f"'{key} = {text}'") from None
        return lambda row: _value(row, key) == wanted
    if key == "display_name":
        return _name_test(text)
    value = literal(text)
    if key in ("metadata", "glance_metadata"):
        if not isinstance(value, dict):
            return None
        field = "metadata" if key == "metadata" else "image_metadata"
        return lambda row: _has_pairs(getattr(row, field), value)
    if key not in COLUMNS and key not in CONSTANTS:
        return None
    if isinstance(value, list | tuple | set):
        return lambda row: any(_same(_value(row, key), v) for v in value)
    return lambda row: _same(_value(row, key), value)


def _time_test(key: str, text: str) -> Callable[[Row], bool]:
    """Several conditions are joined by OR, as in Cinder."""
    tests = []
    for part in text.split(","):
        name, _, time = part.partition(":")
        if name not in COMPARE:
            raise bad(f"Invalid {name} operator")
        try:
            bound = datetime.datetime.fromisoformat(time)
        except ValueError:
            raise bad(f"Invalid {time} value") from None
        if bound.tzinfo is None:
            bound = bound.replace(tzinfo=datetime.UTC)
        tests.append((COMPARE[name], bound))
    return lambda row: getattr(row, key) is not None and any(
        compare(getattr(row, key), bound) for compare, bound in tests)


def literal(text: str) -> Any:
    """The Python literal of a text, or the text itself."""
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


def _value(row: Row, key: str) -> Any:
    name = COLUMNS.get(key, key)
    if name in CONSTANTS:
        return CONSTANTS[name]
    return getattr(row, name, None)


def _has_pairs(owned: dict[str, str], wanted: dict[Any, Any]) -> bool:
    return all(any(_same(k, key) and _same(v, value)
                   for k, v in owned.items())
               for key, value in wanted.items())


def _name_test(text: str) -> Callable[[Row], bool]:
    """Whoever asks for a name looks at each volume of a project."""
    wanted = _folded(text)
    return lambda row: row.name is not None and _folded(row.name) == wanted


def _folded(text: str) -> str:
    # MySQL's usual collation: letter case and trailing blanks are nothing.
    return text.rstrip(" ").casefold()


def _same(left: Any, right: Any) -> bool:
    if isinstance(left, str):
        return _folded(left) == _folded(
            right if isinstance(right, str) else str(right))
    return bool(left == right)


def page(ctx: Context, rows: list[Row], everything: dict[str, Row],
         kind: str) -> list[Row]:
    """Sorted, from behind the marker, at most ``limit`` rows.

    A marker out of the filter, or of another project, is good; one that
    was deleted is 404.
    """
    keys = _sort_keys(ctx.query)
    limit, offset = limit_of(ctx), _offset(ctx.query)
    marker = ctx.query.get("marker")
    if marker is not None:
        if marker not in everything:
            raise not_found(kind, marker)
        anchor = everything[marker]
        if not any(row is anchor for row in rows):
            rows = [*rows, anchor]
    for key, reverse in reversed(keys):
        rows = sorted(rows, key=_sort_key(key), reverse=reverse)
    if marker is not None:
        place = next(i for i, row in enumerate(rows) if row is anchor)
        rows = rows[place + 1:]
    return rows[offset:offset + limit]


def is_by_age(ctx: Context) -> bool:
    """Whether a page is asked of one project, the oldest first."""
    return not all_tenants(ctx) and not _offset(ctx.query) and (
        _sort_keys(ctx.query) == [("created_at", False), ("id", False)])


def page_by_age(
        ctx: Context,
        behind: Callable[[str, Row | None], Iterable[Row]],
        filters: dict[str, str]) -> list[Row]:
    """What ``page`` gives of ``selected``, at the cost of the page."""
    marker, anchor = ctx.query.get("marker"), None
    if marker is not None:
        if marker not in ctx.cloud.volumes:
            raise not_found("Volume", marker)
        anchor = ctx.cloud.volumes[marker]
    tests = _tests(filters)
    if tests is None:
        return []
    passing = (row for row in behind(ctx.project_id, anchor)
               if all(test(row) for test in tests))
    return list(itertools.islice(passing, limit_of(ctx)))


def limit_of(ctx: Context) -> int:
    """The page size of a request, cut to what Cinder gives at most."""
    try:
        limit = int(ctx.query.get("limit", ctx.cloud.max_limit))
    except ValueError:
        raise bad("limit param must be an integer") from None
    if limit < 0:
        raise bad("limit param must be positive")
    return min(limit, ctx.cloud.max_limit)


def next_link(ctx: Context, rows: list[Row],
              collection: str) -> list[dict[str, str]]:
    """The link to the next page when this one is full."""
    if not rows or len(rows) < limit_of(ctx):
        return []
    query = {**ctx.query, "marker": rows[-1].id}
    return [{"rel": "next", "href": f"{ctx.url(collection)}?"
             f"{urllib.parse.urlencode(query)}"}]


def _sort_keys(query: dict[str, str]) -> list[tuple[str, bool]]:
    if "sort" in query:
        if "sort_key" in query or "sort_dir" in query:
            raise bad("The 'sort_key' and 'sort_dir' parameters are "
                      "deprecated and cannot be used with the 'sort' "
                      "parameter.")
        pairs = [part.strip().partition(":")
                 for part in query["sort"].split(",")]
        keys = [(k.strip(), (d or "desc").strip()) for k, _, d in pairs]
    else:
        keys = [(query.get("sort_key", "created_at"),
                 query.get("sort_dir", "desc"))]
    names = [key for key, _ in keys]
    keys += [(key, keys[0][1]) for key in ("created_at", "id")
             if key not in names]
    found = []
    for key, direction in keys:
        name = "display_name" if key == "name" else key
        if name not in COLUMNS and name not in CONSTANTS:
            raise invalid_input("Invalid sort key")
        if direction not in ("asc", "desc"):
            raise invalid_input("Unknown sort direction, must be 'desc' "
                                "or 'asc'.")
        found.append((name, direction == "desc"))
    return found


def _sort_key(name: str) -> Callable[[Row], tuple[bool, Any]]:
    def key(row: Row) -> tuple[bool, Any]:
        value = _value(row, name)
        return value is not None, value if value is not None else 0
    return key


def _offset(query: dict[str, str]) -> int:
    try:
        value = int(query.get("offset", 0))
    except ValueError:
        raise bad("offset must be an integer") from None
    if value < 0:
        raise bad("offset must be >= 0")
    return value


def all_tenants(ctx: Context) -> bool:
    """Whether an admin asked for every project's rows."""
    return ctx.who.is_admin and schema.truth(
        ctx.query.get("all_tenants"), "all_tenants")


def of_project(ctx: Context, rows: Iterable[Row]) -> list[Row]:
    """The rows of the caller's project, or all when an admin asks so."""
    if all_tenants(ctx):
        return list(rows)
    own = ctx.project_id
    return [r for r in rows if r.project_id == own]


__all__ = ["FILTERS", "filters_of", "is_by_age", "limit_of", "next_link",
           "of_project", "page", "page_by_age", "selected"]
