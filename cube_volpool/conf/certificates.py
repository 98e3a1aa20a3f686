"""The database's files of certificates, before anything is connected."""

from urllib import parse

from sqlalchemy.engine import url as engine_url

from cube_volpool import certificates
from cube_volpool.conf.section import Section


def check(database: Section, url: str, *, added: str | None = None) -> None:
    """Refuse a URL of a database that names a file of no use.

    ``added`` is ``connection_parameters``, which oslo.db adds to the URL.
    """
    parsed = engine_url.make_url(url)
    for option, query in (
        ("connection", parsed.query),
        ("connection_parameters", dict(parse.parse_qsl(added or ""))),
    ):
        for trouble in certificates.troubles(
            parsed.get_backend_name(), query
        ):
            raise database.wrong(option, trouble)
