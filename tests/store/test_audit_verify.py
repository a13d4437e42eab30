"""What is done to the log behind the server's back, and that `verify` tells it."""

import asyncio
from pathlib import Path

import pytest

from store import audit_verify
from store.audit import KEY_KIND
from store.audit_chain import NOTHING, Chain
from store.audit_verify import Broken, links, verify
from tests.support.audit import Audited, audited, auditing
from tests.support.postgres import Postgres

__all__ = ["audited"]


@pytest.fixture
async def ten(audited: Audited) -> Audited:
    await audited.do(*(f"deed.{number}" for number in range(1, 11)))
    assert await audited.verify() == 10
    return audited


class Superuser:
    def __init__(self, postgres: Postgres, database_name: str) -> None:
        self._postgres = postgres
        self._database_name = database_name

    async def does(self, *statements: str) -> None:
        await self._postgres.tell(*statements, database=self._database_name)


@pytest.fixture
def superuser(postgres: Postgres, own_database: str) -> Superuser:
    return Superuser(postgres, own_database)


_MADE_UP = (
    "INSERT INTO audit_log (number, id, action, entity_type, created_at, hash)"
    " SELECT 11, id, 'made.up', 'user', created_at, sha256(hash) FROM audit_log WHERE number = 10"
)


def swap(one: int, other: int) -> tuple[str, ...]:
    return (
        f"UPDATE audit_log SET number = -1 WHERE number = {one}",
        f"UPDATE audit_log SET number = {one} WHERE number = {other}",
        f"UPDATE audit_log SET number = {other} WHERE number = -1",
    )


async def test_a_log_without_entries_is_whole(audited: Audited) -> None:
    assert await audited.verify() == 0


@pytest.mark.parametrize(
    ("statements", "words"),
    [
        (["UPDATE audit_log SET action = 'x' WHERE number = 4"], "entry 4 is not what was written"),
        (["UPDATE audit_log SET actor_id = NULL WHERE number = 10"], "entry 10 is not what"),
        (["UPDATE audit_log SET before_json = '' WHERE number = 6"], "entry 6 is not what"),
        (["UPDATE audit_log SET concerns = NULL WHERE number = 6"], "entry 6 is not what"),
        (
            ["UPDATE audit_log SET created_at = created_at - interval '1 ms' WHERE number = 2"],
            "entry 2 is not what",
        ),
        (["UPDATE audit_log SET hash = sha256(hash) WHERE number = 3"], "entry 3 is not what"),
        (["UPDATE audit_log SET ip = NULL WHERE number = 1"], "entry 1 is not what was written"),
        (["DELETE FROM audit_log WHERE number = 5"], "entry 5 is missing"),
        (["DELETE FROM audit_log WHERE number IN (5, 6, 7)"], "entries 5 to 7 are missing"),
        (["DELETE FROM audit_log WHERE number < 4"], "entries 1 to 3 are missing"),
        (
            [
                "DELETE FROM audit_log WHERE number = 5",
                *(
                    f"UPDATE audit_log SET number = {n} - 1 WHERE number = {n}"
                    for n in range(6, 11)
                ),
            ],
            "entry 5 is not what was written",
        ),
        (swap(3, 7), "entry 3 was written as entry 7: entries were reordered"),
        (swap(3, 4), "entry 3 was written as entry 4: entries were reordered"),
        (swap(1, 2), "entry 1 was written as entry 2: entries were reordered"),
        (swap(9, 10), "entry 9 was written as entry 10: entries were reordered"),
        (["DELETE FROM audit_log WHERE number > 8"], "cut off after entry 8: .* of entry 10"),
        (["TRUNCATE audit_log"], "cut off after entry 0: .* of entry 10"),
        (
            [_MADE_UP],
            "entry 11 is not what was written",
        ),
    ],
)
async def test_what_a_superuser_does_to_the_log_is_told(
    ten: Audited, superuser: Superuser, statements: list[str], words: str
) -> None:
    await superuser.does(*statements)
    with pytest.raises(Broken, match=words):
        await ten.verify()


async def test_hashes_made_anew_without_the_key_do_not_help(
    ten: Audited, superuser: Superuser
) -> None:
    await superuser.does("UPDATE audit_log SET action = 'x' WHERE number = 4")
    await rechain(ten, superuser, Chain(b"not the key"), first=4)
    with pytest.raises(Broken, match="entry 4 is not what was written"):
        await ten.verify()


async def test_hashes_made_anew_with_the_key_are_not_those_that_the_file_knows(
    ten: Audited, superuser: Superuser
) -> None:
    await superuser.does("UPDATE audit_log SET action = 'x' WHERE number = 4")
    await rechain(ten, superuser, await the_chain(ten), first=4)
    with pytest.raises(Broken, match=r"entry 4 is not the one that audit.head knows"):
        await ten.verify()


async def test_a_tail_that_was_cut_off_and_went_on_is_told(
    ten: Audited, superuser: Superuser
) -> None:
    await superuser.does("DELETE FROM audit_log WHERE number > 8")
    await ten.do("other.9", "other.10", "other.11")
    with pytest.raises(Broken, match=r"entry 9 is not the one .* after entry 8 or later"):
        await ten.verify()


async def test_a_key_that_was_replaced_is_told(ten: Audited, superuser: Superuser) -> None:
    await superuser.does(f"DELETE FROM keys WHERE kind = '{KEY_KIND}'")
    async with ten.db.begin() as tx:
        await ten.envelope.standing_key(tx, KEY_KIND)
    with pytest.raises(Broken, match=r"entry 1 is not what was written: .* key was replaced"):
        await ten.verify()


async def test_without_the_file_nobody_knows_whether_it_was_cut(ten: Audited) -> None:
    await asyncio.to_thread(ten.path.unlink)
    with pytest.raises(Broken, match=r"audit.head is missing"):
        await ten.verify()


async def test_a_file_that_is_younger_than_the_log_says_so(
    ten: Audited, postgres: Postgres, own_database: str, tmp_path: Path
) -> None:
    async with auditing(postgres, own_database, tmp_path / "new") as younger:
        await younger.do("deed.11")
        with pytest.raises(Broken, match=r"begun when the log had 10 entries .* --begun-at 10"):
            await younger.verify()
        with pytest.raises(Broken, match="begun when the log had 10 entries"):
            await younger.verify(begun_at=9)
        assert await younger.verify(begun_at=10) == 11


async def test_what_is_added_meanwhile_breaks_nothing(ten: Audited) -> None:
    """The heads were read before: the log may be longer than they know, never shorter."""
    heads = await asyncio.to_thread(ten.file.read)
    chain = await the_chain(ten)
    async with ten.db.scan() as db:
        await ten.do("deed.11")
        assert await verify(db, chain, heads, begun_at=0, tell=lambda *_: None) == 11


async def test_of_a_long_log_it_tells_how_far_it_is(
    ten: Audited, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_verify, "_ROWS_OF_A_FETCH", 4)
    told: list[tuple[int, int]] = []
    chain = await the_chain(ten)
    async with ten.db.scan() as db:
        heads = await asyncio.to_thread(ten.file.read)
        await verify(db, chain, heads, begun_at=0, tell=lambda done, of: told.append((done, of)))
    assert told == [(4, 10), (8, 10), (10, 10)]


async def the_chain(audited: Audited) -> Chain:
    async with audited.db.read() as db:
        (key,) = await audited.envelope.keys_of_kind(db, KEY_KIND)
    return Chain(key.secret)


async def rechain(audited: Audited, superuser: Superuser, chain: Chain, *, first: int) -> None:
    """Make every hash from an entry on anew, as it would have to follow from the one before."""
    before = NOTHING.hash
    async with audited.db.scan() as db:
        stored = [each async for each in links(db)]
    for link, hash in stored:
        made = hash if link.number < first else chain.head(before, link).hash
        await superuser.does(
            f"UPDATE audit_log SET hash = '\\x{made.hex()}' WHERE number = {link.number}"
        )
        before = made
