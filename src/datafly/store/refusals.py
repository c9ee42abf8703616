"""What a server's refusal means, in words; nothing of what the URL holds is in them but the names of user and place."""

import re
from typing import Final

from sqlalchemy.exc import DBAPIError

from datafly.model.errors import OperatorError, SignalError, Unavailable

_CURES: Final[tuple[tuple[str, str], ...]] = (
    (r"authentication failed|role .* does not exist", "the user or the password is wrong"),
    (r"no password supplied", "the server asks for a password, and none is given"),
    (r"database .* does not exist|no such database", "there is no such database: make it, or name another"),
    (r"no pg_hba\.conf entry", "the server's pg_hba.conf does not let this user into this database from here"),
    (r"permission denied for database|not permitted to log in", "this user may not come into this database"),
    (r"support SSL|certificate|SSL error", "the connection cannot be secured as its sslmode asks"),
)
"""The protocol has codes for them, and libpq tells words alone, in the server's language. Where that is another one the
refusal reads like a server that is away: it is told, and asked again.
"""
_LACKS_RIGHTS: Final = "42501"
_READ_ONLY: Final = "25006"
"""As a server that stands by says it, also in the moment before it takes over."""
_NAMES: Final = re.compile(r"\"[^\"]*\"|'[^']*'")
_ASKS_BACK: Final = re.compile(r"\s*Is the server running[^?]*\?")


def words_of(error: Exception) -> str:
    """What the driver or the server says, as a part of a sentence."""
    own = getattr(error, "orig", None) or error
    said = getattr(getattr(own, "diag", None), "message_primary", None) or str(own)
    return " ".join(_ASKS_BACK.sub("", said).split()).rstrip(".")


def at_connecting(error: DBAPIError) -> OperatorError | None:
    """None where a further try may come through."""
    said = words_of(error)
    words = _NAMES.sub('""', said)  # a host may be called anything
    cure = next((cure for pattern, cure in _CURES if re.search(pattern, words)), None)
    if cure is None and "connection option" in said:
        cure = "the URL says what the driver does not know"
    return None if cure is None else OperatorError(f"The store cannot be opened: {cure} (DATAFLY_STORE_URL); {said}.")


def at_work(error: DBAPIError) -> SignalError | None:
    """None where it is no matter of the set-up."""
    code = getattr(error.orig, "sqlstate", None)
    if code == _LACKS_RIGHTS:
        return OperatorError(
            f"The store cannot be used: {words_of(error)}. Let Signal's user own the database and its tables: "
            "ALTER DATABASE … OWNER TO …."
        )
    if code == _READ_ONLY:
        return Unavailable(f"The store cannot be used now: its server takes no changes ({words_of(error)}).")
    return None
