"""What is sealed opens as what it was sealed for, and as nothing else."""

import asyncio
import contextlib
from base64 import b64encode
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select, text, update

from store.database import Database
from store.envelope import DoesNotOpen, Envelope, Sealed, StandingKey
from store.keys import KeyRow
from store.master_key import LocalMasterKey
from store.tables import metadata

MASTER_KEY = bytes(range(32))
PLAIN = b"correct horse battery staple"


class CountingKey(LocalMasterKey):
    """Tells how often something was unwrapped."""

    unwrapped = 0

    async def unwrap(self, key_id: str, wrapped: bytes, context: bytes) -> bytes:
        self.unwrapped += 1
        return await super().unwrap(key_id, wrapped, context)


@pytest.fixture
def master_key() -> CountingKey:
    return CountingKey(MASTER_KEY)


@pytest.fixture
def envelope(master_key: CountingKey) -> Envelope:
    return Envelope(master_key)


async def seal(
    database: Database,
    envelope: Envelope,
    plain: bytes = PLAIN,
    *,
    record: str = "g_1",
    owner: str | None = "u_1",
) -> Sealed:
    async with database.begin() as tx:
        return await envelope.seal(tx, plain, kind="game", record=record, owner=owner)


async def test_what_is_sealed_opens_as_the_same_record(
    database: Database, envelope: Envelope
) -> None:
    for plain in (PLAIN, b"", bytes(100_000)):
        sealed = await seal(database, envelope, plain)
        async with database.read() as db:
            opened = await Envelope(LocalMasterKey(MASTER_KEY)).open(
                db, sealed, record="g_1", owner="u_1"
            )
        assert opened == plain


@pytest.mark.parametrize(
    ("record", "owner"),
    [
        ("g_2", "u_1"),
        ("g_1", "u_2"),
        ("g_1", None),
        ("g_1", ""),
        ("g_", "1u_1"),
        ("g_1u_1", ""),
        ("u_1", "g_1"),
        ("", "g_1u_1"),
    ],
)
async def test_it_opens_as_no_other_record_and_for_nobody_else(
    database: Database, envelope: Envelope, record: str, owner: str | None
) -> None:
    sealed = await seal(database, envelope)
    async with database.read() as db:
        with pytest.raises(DoesNotOpen):
            await envelope.open(db, sealed, record=record, owner=owner)


async def test_a_part_that_is_altered_or_another_s_does_not_open(
    database: Database, envelope: Envelope
) -> None:
    sealed = await seal(database, envelope)
    other = await seal(database, envelope)
    wrong = [
        replace(sealed, key_id=other.key_id),
        replace(sealed, iv=other.iv),
        replace(sealed, ciphertext=other.ciphertext),
        replace(sealed, iv=b""),
        replace(sealed, ciphertext=b""),
        replace(sealed, ciphertext=sealed.ciphertext[:-1]),
        replace(sealed, ciphertext=sealed.ciphertext + b"\0"),
        replace(sealed, ciphertext=bytes([sealed.ciphertext[0] ^ 1]) + sealed.ciphertext[1:]),
    ]
    async with database.read() as db:
        for altered in wrong:
            with pytest.raises(DoesNotOpen):
                await envelope.open(db, altered, record="g_1", owner="u_1")
        assert await envelope.open(db, sealed, record="g_1", owner="u_1") == PLAIN


@pytest.mark.parametrize("column", ["kind", "owner", "wrapped"])
async def test_a_key_that_somebody_changed_in_the_database_does_not_open(
    database: Database, envelope: Envelope, column: str
) -> None:
    sealed = await seal(database, envelope)
    async with database.begin() as tx:
        other = await envelope.seal(tx, PLAIN, kind="totp", record="g_1", owner="u_2")
        from_other = select(getattr(KeyRow, column)).where(KeyRow.id == other.key_id)
        await tx.execute(
            update(KeyRow)
            .where(KeyRow.id == sealed.key_id)
            .values({column: from_other.scalar_subquery()})
        )
    async with database.read() as db:
        with pytest.raises(DoesNotOpen):
            await envelope.open(db, sealed, record="g_1", owner="u_1")


async def test_nothing_in_the_database_tells_what_was_sealed(
    database: Database, envelope: Envelope
) -> None:
    await seal(database, envelope)
    async with database.begin() as tx:
        standing = await envelope.standing_key(tx, "audit")
        (await envelope.person_key(tx, "u_1")).seal(PLAIN, b"a_1")
    rows: list[str] = []
    async with database.read() as db:
        for table in metadata.sorted_tables:
            rows += (await db.scalars(text(f'SELECT t::text FROM "{table.name}" AS t'))).all()
    everything = "\n".join(rows)
    assert rows
    for secret in (PLAIN, MASTER_KEY, standing.secret):
        assert secret.hex() not in everything
        assert secret.decode(errors="replace") not in everything
        assert b64encode(secret).decode().rstrip("=") not in everything


async def test_a_forgotten_key_opens_nothing(database: Database, envelope: Envelope) -> None:
    sealed = await seal(database, envelope)
    async with database.begin() as tx:
        assert await envelope.open(tx, sealed, record="g_1", owner="u_1") == PLAIN
        await envelope.forget(tx, sealed.key_id)
        with pytest.raises(DoesNotOpen):
            await envelope.open(tx, sealed, record="g_1", owner="u_1")


async def test_a_transaction_that_is_undone_leaves_no_key(
    database: Database, envelope: Envelope
) -> None:
    sealed = []
    with contextlib.suppress(ZeroDivisionError):
        async with database.begin() as tx:
            sealed.append(await envelope.seal(tx, PLAIN, kind="game", record="g_1", owner="u_1"))
            raise ZeroDivisionError
    async with database.read() as db:
        with pytest.raises(DoesNotOpen):
            await envelope.open(db, sealed[0], record="g_1", owner="u_1")


async def test_what_holds_a_secret_does_not_show_it(
    database: Database, envelope: Envelope, master_key: CountingKey
) -> None:
    sealed = await seal(database, envelope)
    async with database.begin() as tx:
        standing = await envelope.standing_key(tx, "audit")
        person = await envelope.person_key(tx, "u_1")
    shown = f"{sealed!r} {standing!r} {person!r} {envelope!r} {master_key!r}"
    for secret in (sealed.iv, sealed.ciphertext, standing.secret, MASTER_KEY):
        assert repr(secret)[2:-1] not in shown


async def test_a_key_is_unwrapped_once_a_minute(
    database: Database, envelope: Envelope, master_key: CountingKey
) -> None:
    sealed = await seal(database, envelope)
    counts = []
    async with database.read() as db:
        start = db.now
        for seconds in (0, 59, 60):
            db.now = start + timedelta(seconds=seconds)
            await envelope.open(db, sealed, record="g_1", owner="u_1")
            counts.append(master_key.unwrapped)
    assert counts == [counts[0], counts[0], counts[0] + 1]


async def test_unwrapped_keys_are_remembered_up_to_a_bound(
    database: Database, envelope: Envelope, master_key: CountingKey
) -> None:
    async with database.begin() as tx:
        for _ in range(1001):
            await envelope.make_key(tx, "many")
        await envelope.keys_of_kind(tx, "many")
        before = master_key.unwrapped
        await envelope.keys_of_kind(tx, "many")
    assert master_key.unwrapped > before


async def test_a_person_s_key_is_the_same_for_all_who_ask_at_once(
    database: Database, envelope: Envelope
) -> None:
    async def seal_a_name() -> bytes:
        async with database.begin() as tx:
            key = await Envelope(LocalMasterKey(MASTER_KEY)).person_key(tx, "u_racing")
            return key.seal(b"Ada", b"a_1")

    sealed = await asyncio.gather(*(seal_a_name() for _ in range(10)))
    async with database.read() as db:
        key = (await envelope.person_keys(db, ["u_racing", "u_unknown"]))["u_racing"]
    assert {key.open(each, b"a_1") for each in sealed} == {b"Ada"}
    with pytest.raises(DoesNotOpen):
        key.open(sealed[0], b"a_2")


async def test_the_keys_of_the_same_two_people_are_made_without_a_deadlock(
    database: Database, envelope: Envelope
) -> None:
    async def make(first: str, second: str) -> None:
        async with database.begin() as tx:
            await envelope.make_person_keys(tx, [first, second])

    for n in range(20):
        await asyncio.gather(make(f"u_a{n}", f"u_b{n}"), make(f"u_b{n}", f"u_a{n}"))
    async with database.read() as db:
        assert (
            len(await envelope.person_keys(db, [f"u_{x}{n}" for x in "ab" for n in range(20)]))
            == 40
        )


async def test_who_is_erased_is_erased_for_good(database: Database, envelope: Envelope) -> None:
    other_server = Envelope(LocalMasterKey(MASTER_KEY))
    secret = await seal(database, envelope, owner="u_gone")
    async with database.begin() as tx:
        before = (await envelope.person_key(tx, "u_gone")).seal(b"Ada", b"a_1")
        assert (await other_server.person_key(tx, "u_gone")).open(before, b"a_1") == b"Ada"
    async with database.begin() as tx:
        await envelope.destroy_person_key(tx, "u_gone")
        await envelope.destroy_person_key(tx, "u_gone")
    for server in (envelope, other_server):
        async with database.begin() as tx:
            assert await server.person_keys(tx, ["u_gone"]) == {}
            after = await server.person_key(tx, "u_gone")
            with pytest.raises(DoesNotOpen):
                after.open(before, b"a_1")
            sealed_since = after.seal(b"Ada", b"a_2")
            with pytest.raises(DoesNotOpen):
                (await server.person_key(tx, "u_gone")).open(sealed_since, b"a_2")
            with pytest.raises(DoesNotOpen):
                await server.open(tx, secret, record="g_1", owner="u_gone")


async def test_who_never_had_a_key_gets_none_after_being_erased(
    database: Database, envelope: Envelope
) -> None:
    async with database.begin() as tx:
        await envelope.destroy_person_key(tx, "u_quiet")
        await envelope.person_key(tx, "u_quiet")
        assert await envelope.person_keys(tx, ["u_quiet"]) == {}


async def test_a_standing_key_is_made_once_for_all_servers(
    database: Database, envelope: Envelope
) -> None:
    async def start() -> StandingKey:
        async with database.begin() as tx:
            return await Envelope(LocalMasterKey(MASTER_KEY)).standing_key(tx, "racing")

    keys = await asyncio.gather(*(start() for _ in range(10)))
    async with database.read() as db:
        assert await envelope.keys_of_kind(db, "racing") == [keys[0]]
    assert {key.secret for key in keys} == {keys[0].secret}


async def test_keys_of_a_kind_come_oldest_first_and_go_singly(
    database: Database, envelope: Envelope
) -> None:
    async with database.begin() as tx:
        made = [await envelope.make_key(tx, "signing") for _ in range(3)]
        await envelope.make_key(tx, "other")
        assert [key.id for key in await envelope.keys_of_kind(tx, "signing")] == sorted(
            key.id for key in made
        )
        await envelope.forget(tx, made[1].id)
        left = await envelope.keys_of_kind(tx, "signing")
    assert {key.secret for key in left} == {made[0].secret, made[2].secret}
