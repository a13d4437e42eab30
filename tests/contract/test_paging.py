"""Lists come in pages that neither skip nor repeat."""

import pytest

from api.keys import KEYRING
from tests.support.server import Server


async def write(server: Server, token: str, *words: str) -> None:
    for each in words:
        answered = await server.ask("POST", "/notes", token=token, json={"words": each})
        assert answered.status == 201


async def words_of(server: Server, token: str, limit: int, between: str = "") -> list[str]:
    """Every note, page by page; `between` is written between the first two pages."""
    words: list[str] = []
    path = f"/notes?limit={limit}"
    cursor = None
    while True:
        page = (
            await server.ask("GET", path + (f"&cursor={cursor}" if cursor else ""), token=token)
        ).body
        assert len(page["items"]) <= limit
        words += [note["words"] for note in page["items"]]
        cursor = page["next"]
        if cursor is None:
            return words
        if between:
            await write(server, token, between)
            between = ""


async def test_pages_hold_everything_once_and_in_order(server: Server) -> None:
    token = server.sign_in()
    await write(server, token, *"abcdefg")
    everything = await words_of(server, token, 200)
    assert everything[-7:] == list("abcdefg")
    for limit in (1, 2, 3, 7):
        assert await words_of(server, token, limit) == everything
    assert await words_of(server, token, 2, between="late") == [*everything, "late"]


async def test_fifty_items_unless_told_otherwise(server: Server) -> None:
    writers = [server.sign_in() for _ in range(2)]
    for token in writers:
        await write(server, token, *(str(number) for number in range(30)))
    page = (await server.ask("GET", "/notes", token=writers[0])).body
    assert len(page["items"]) == 50
    assert page["next"]


@pytest.mark.parametrize(
    "limit", ["0", "-1", "201", "x", "", "1.5", "9" * 30, "1_0", "1.0", "1e1", "%201", "%2B5", "٣"]
)
async def test_a_limit_out_of_bounds_is_named(server: Server, limit: str) -> None:
    answered = await server.ask("GET", f"/notes?limit={limit}", token=server.sign_in())
    assert answered.code == "VALIDATION_FAILED"
    assert answered.body["error"]["details"][0]["field"] == "limit"


@pytest.mark.parametrize(
    "cursor", ["x", "%00", "AAAA", "A" * 500, "%F0%9F%A6%8A", "====", "A" * 2000]
)
async def test_a_cursor_that_nobody_gave_is_refused(server: Server, cursor: str) -> None:
    answered = await server.ask("GET", f"/notes?cursor={cursor}", token=server.sign_in())
    assert answered.code == "VALIDATION_FAILED"
    assert answered.body["error"]["details"][0]["field"] == "cursor"


async def test_a_cursor_of_one_list_serves_no_other(server: Server) -> None:
    token = server.sign_in()
    forged = server.app[KEYRING].sign("cursor", b'["/elsewhere", ["n_1"]]')
    answered = await server.ask("GET", f"/notes?cursor={forged}", token=token)
    assert answered.code == "VALIDATION_FAILED"


async def test_a_cursor_belongs_to_what_the_list_was_narrowed_to(server: Server) -> None:
    token = server.sign_in()
    await write(server, token, "a", "b", "c")
    cursor = (await server.ask("GET", "/notes?limit=1", token=token)).body["next"]
    narrower = await server.ask("GET", f"/notes?at_least=1&cursor={cursor}", token=token)
    assert narrower.code == "VALIDATION_FAILED"
    # The default, said aloud; another limit; what nobody here knows.
    same = await server.ask("GET", f"/notes?at_least=0&limit=2&utm=x&cursor={cursor}", token=token)
    assert same.status == 200


@pytest.mark.parametrize("odd", ["!{}", "{}!!!!", "%20{}", "{}%0A", "{}=", "{}%3D%3D"])
async def test_a_cursor_has_one_spelling(server: Server, odd: str) -> None:
    token = server.sign_in()
    await write(server, token, "a", "b")
    cursor = (await server.ask("GET", "/notes?limit=1", token=token)).body["next"]
    answered = await server.ask("GET", f"/notes?cursor={odd.format(cursor)}", token=token)
    assert answered.code == "VALIDATION_FAILED"
    assert (await server.ask("GET", f"/notes?cursor={cursor}", token=token)).status == 200


async def test_a_cursor_that_was_changed_is_refused(server: Server) -> None:
    token = server.sign_in()
    await write(server, token, "a", "b")
    cursor = (await server.ask("GET", "/notes?limit=1", token=token)).body["next"]
    swapped = "A" if cursor[0] != "A" else "B"
    answered = await server.ask("GET", f"/notes?cursor={swapped}{cursor[1:]}", token=token)
    assert answered.code == "VALIDATION_FAILED"
