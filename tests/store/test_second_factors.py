import pytest
from sqlalchemy.exc import IntegrityError

from store import second_factors, users
from store.database import Database, Transaction
from store.envelope import Sealed
from store.ids import new_id
from store.users import NewUser


async def enrolled(tx: Transaction, name: str) -> tuple[str, Sealed]:
    user = await users.create(tx, NewUser("PARENT", "ACTIVE", name, name))
    sealed = Sealed(new_id("k", tx.now), b"iv", b"ciphertext")
    await second_factors.add(tx, user.id, sealed)
    return user.id, sealed


async def test_a_factor_is_found_as_it_was_added(database: Database) -> None:
    async with database.begin() as tx:
        user_id, sealed = await enrolled(tx, "ada")
    async with database.read() as db:
        assert await second_factors.find(db, user_id) == second_factors.SecondFactor(
            user_id, sealed, None
        )


async def test_the_last_step_is_kept(database: Database) -> None:
    async with database.begin() as tx:
        user_id, _ = await enrolled(tx, "bea")
        other_id, _ = await enrolled(tx, "ben")
        await second_factors.use_step(tx, user_id, 59_078_880)
    async with database.read() as db:
        factors = [await second_factors.find(db, found) for found in (user_id, other_id)]
    assert [factor and factor.last_step for factor in factors] == [59_078_880, None]


async def test_a_person_has_one_factor(database: Database) -> None:
    async with database.begin() as tx:
        user_id, sealed = await enrolled(tx, "cleo")
    with pytest.raises(IntegrityError):
        async with database.begin() as tx:
            await second_factors.add(tx, user_id, sealed)


async def test_a_recovery_code_is_its_owner_s_and_serves_once(database: Database) -> None:
    async with database.begin() as tx:
        owner_id, _ = await enrolled(tx, "dora")
        other_id, _ = await enrolled(tx, "dick")
        await second_factors.keep_recovery_codes(tx, owner_id, [b"one", b"two"])
    async with database.begin() as tx:
        assert not await second_factors.use_recovery_code(tx, other_id, b"one")
        assert not await second_factors.use_recovery_code(tx, owner_id, b"three")
        assert await second_factors.use_recovery_code(tx, owner_id, b"one")
        assert not await second_factors.use_recovery_code(tx, owner_id, b"one")
        assert await second_factors.use_recovery_code(tx, owner_id, b"two")


async def test_a_removed_factor_takes_its_recovery_codes_along(database: Database) -> None:
    async with database.begin() as tx:
        user_id, sealed = await enrolled(tx, "emma")
        await second_factors.keep_recovery_codes(tx, user_id, [b"one"])
        await second_factors.remove(tx, user_id)
        assert await second_factors.find(tx, user_id) is None
        await second_factors.add(tx, user_id, sealed)
        assert not await second_factors.use_recovery_code(tx, user_id, b"one")


def test_a_factor_shows_nothing_of_its_secret() -> None:
    factor = second_factors.SecondFactor("u_1", Sealed("k_1", b"iv", b"ciphertext"), None)
    assert "ciphertext=" not in repr(factor)
    assert "iv=" not in repr(factor)
