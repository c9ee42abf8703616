"""Numbers in the URLs of control APIs and panels, no larger than what SQLite holds."""

from typing import Annotated

from litestar.params import PathParameter, QueryParameter

_LARGEST = 2**63 - 1

RowId = Annotated[int, PathParameter(ge=0, le=_LARGEST)]
Limit = Annotated[int, QueryParameter(ge=0, le=_LARGEST)]
After = Annotated[int, QueryParameter(ge=0, le=_LARGEST)]
Before = Annotated[int | None, QueryParameter(ge=0, le=_LARGEST)]
