"""Pages of a list, by a cursor that says where the page before ended.

The cursor carries the sort key of the last item, so that a list that grows or shrinks between two
pages neither skips nor repeats. It is signed: a client can keep it, and can't make one up.
"""

import json
from collections.abc import Callable, Sequence
from hashlib import blake2b
from typing import Any, TypeVar

from aiohttp import web

from api.errors import Detail, ValidationFailed
from api.keyring import BadSignature
from api.keys import KEYRING
from api.wire import PageQuery

Row = TypeVar("Row")
Key = list[Any]

_PURPOSE = "cursor"


def after(request: web.Request, query: PageQuery) -> Key | None:
    """The sort key behind which the page begins; None: at the start."""
    if query.cursor is None:
        return None
    try:
        place, key = json.loads(request.app[KEYRING].open(_PURPOSE, query.cursor))
    except BadSignature:
        place, key = None, []
    # A cursor serves the list that gave it, and no other.
    if place != _list(request, query):
        detail = Detail("cursor", "is none that this list has given")
        raise ValidationFailed("Look again at: cursor.", details=[detail])
    return list(key)


def cut(
    request: web.Request, query: PageQuery, rows: Sequence[Row], key: Callable[[Row], Key]
) -> tuple[Sequence[Row], str | None]:
    """The page and the cursor of the next, from up to `limit + 1` rows."""
    if len(rows) <= query.limit:
        return rows, None
    page = rows[: query.limit]
    payload = json.dumps([_list(request, query), key(page[-1])], ensure_ascii=False).encode()
    return page, request.app[KEYRING].sign(_PURPOSE, payload)


def _list(request: web.Request, query: PageQuery) -> str:
    """Which list it is: its path, and what it is narrowed to. Short, however long that is."""
    filters = query.model_dump(mode="json", exclude=set(query.positions))
    name = json.dumps([request.path.rstrip("/"), filters], sort_keys=True).encode()
    return blake2b(name, digest_size=12).hexdigest()
