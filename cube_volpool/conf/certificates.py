"""The database's files of certificates, before anything is connected."""

from urllib import parse

from sqlalchemy.engine import url as engine_url

from cube_volpool import certificates
from cube_volpool.conf.section import Section


def check(database: Section, url: str) -> None:
    """Refuse a URL of a database that names a file of no use."""
    parsed = engine_url.make_url(url)
    # oslo.db adds these to the URL.
    added = database.words("connection_parameters") or ""
    for option, query in (
        ("connection", parsed.query),
        ("connection_parameters", dict(parse.parse_qsl(added))),
    ):
        for trouble in certificates.troubles(
            parsed.get_backend_name(), query
        ):
            raise database.wrong(option, trouble)
