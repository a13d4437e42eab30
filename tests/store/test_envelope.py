"""What is sealed opens as what it was sealed for, and as nothing else."""

import pytest

from store.database import Database
from store.envelope import DoesNotOpen, Envelope
from store.keys import LocalMasterKey


@pytest.fixture
def envelope() -> Envelope:
    return Envelope(LocalMasterKey(bytes(32)))


async def test_what_is_sealed_opens_as_the_same_record(
    database: Database, envelope: Envelope
) -> None:
    async with database.begin() as tx:
        sealed = await envelope.seal(tx, b"hunter2", kind="game", record="g_1", owner="u_1")
    async with database.read() as db:
        assert await envelope.open(db, sealed, record="g_1", owner="u_1") == b"hunter2"
        for record, owner in (("g_2", "u_1"), ("g_1", "u_2"), ("g_1", None)):
            with pytest.raises(DoesNotOpen):
                await envelope.open(db, sealed, record=record, owner=owner)


async def test_a_person_s_key_is_one_and_the_same_until_it_is_destroyed(
    database: Database, envelope: Envelope
) -> None:
    async with database.begin() as tx:
        sealed = (await envelope.person_key(tx, "u_1")).seal(b"Ada", b"a_1")
    async with database.begin() as tx:
        assert (await envelope.person_key(tx, "u_1")).open(sealed, b"a_1") == b"Ada"
        await envelope.destroy_person_key(tx, "u_1")
    async with database.read() as db:
        assert await envelope.person_keys(db, ["u_1"]) == {}


async def test_a_standing_key_is_made_once(database: Database, envelope: Envelope) -> None:
    async with database.begin() as tx:
        first = await envelope.standing_key(tx, "audit")
    async with database.begin() as tx:
        assert await envelope.standing_key(tx, "audit") == first
        assert await envelope.keys_of_kind(tx, "audit") == [first]
