"""Files of certificates and keys, and what is wrong with them.

Libraries say little of them: that there is "no such file", and not which.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

#: The words of the query of a URL that name one, by kind of database.
_WORDS: Final[Mapping[str, tuple[str, ...]]] = {
    "mysql": ("ssl_ca", "ssl_cert", "ssl_key"),
    "mariadb": ("ssl_ca", "ssl_cert", "ssl_key"),
    "postgresql": ("sslrootcert", "sslcert", "sslkey", "sslcrl"),
}
#: libpq's own word for the authorities that the system trusts.
_SYSTEM: Final = "system"


def trouble(path: str) -> str | None:
    """Say why a file cannot be used; None when it can be read."""
    try:
        with open(path, "rb"):
            return None
    except OSError as error:
        return f"{path} cannot be read: {error.strerror}"


def troubles(backend: str, query: Mapping[str, Any]) -> Iterator[str]:
    """Say what is wrong with the files that a database's URL names.

    ``backend`` is the kind of database, ``query`` that of the URL.
    """
    for word in _WORDS.get(backend, ()):
        path = query.get(word)
        # libpq's "engine:key" is a key that is in no file.
        if not isinstance(path, str) or path == _SYSTEM or ":" in path:
            continue
        found = trouble(path)
        if found is not None:
            yield f"{word}: {found}"
