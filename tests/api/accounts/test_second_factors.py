"""The rules of the second factor, against the database and at moments of the test's choice."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import count

import pytest
from pydantic import Secret
from sqlalchemy import func, select, update

from api.accounts.authenticator import REQUIRE_ADMIN_TOTP
from api.accounts.totp import one_time_codes
from api.accounts.totp.service import SecondFactors
from api.errors import Code, Conflict, Refusal
from api.settings.declare import Catalogue
from api.settings.live import LiveSettings
from store import second_factors, users
from store.database import Database, Message, Transaction
from store.deeds import Deed
from store.envelope import DoesNotOpen, Envelope
from store.keys import KeyRow
from store.master_key import LocalMasterKey
from store.second_factors import SecondFactorRow
from store.settings import Changed
from store.users import NewUser
from tests.support.authenticator import Authenticator
from tests.support.clock import VirtualClock
from tests.support.kept import everything_kept
from tests.support.postgres import Postgres

_numbers = count(1)


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def announced() -> list[str]:
    return []


@pytest.fixture
async def db(
    postgres: Postgres, database_name: str, clock: VirtualClock, announced: list[str]
) -> AsyncIterator[Database]:
    async def note(topic: str, message: Message) -> None:
        announced.append(topic)

    async def record(tx: Transaction, deeds: Sequence[Deed]) -> None: ...

    db = Database.connect(postgres.application_url(database_name), clock=clock, publish=note)
    db.audit_with(record)
    yield db
    await db.close()


@pytest.fixture
def settings() -> LiveSettings:
    return LiveSettings(Catalogue([REQUIRE_ADMIN_TOTP]))


@pytest.fixture
def factors(settings: LiveSettings) -> SecondFactors:
    return SecondFactors(Envelope(LocalMasterKey(bytes(32))), settings)


@dataclass
class Person:
    """Somebody with an authenticator in their pocket."""

    id: str
    name: str
    db: Database
    clock: VirtualClock
    factors: SecondFactors
    authenticator: Authenticator

    def code(self, steps_ahead: int = 0) -> str:
        return self.authenticator.code(steps_ahead)

    async def enrol(self) -> None:
        async with self.db.begin() as tx:
            enrolment = await self.factors.enrol(tx, self.id)
        secret = enrolment.secret.get_secret_value()
        self.authenticator = Authenticator.reading(secret, self.clock)

    async def confirm(self, code: str | None = None) -> list[str]:
        async with self.db.begin() as tx:
            codes = await self.factors.confirm(tx, self.id, Secret(code or self.code()))
        return [code.get_secret_value() for code in codes]

    async def set_up(self) -> list[str]:
        """The recovery codes, and a moment at which the authenticator shows a fresh code."""
        await self.enrol()
        codes = await self.confirm()
        await self.clock.advance(30)
        return codes

    async def fits(self, code: str) -> bool:
        async with self.db.begin() as tx:
            return await self.factors.fits(tx, self.id, Secret(code))

    async def remove(self, code: str) -> None:
        async with self.db.begin() as tx:
            kept = await users.password_hash(tx, self.id)
            assert kept is not None
            await self.factors.remove(tx, self.id, Secret(code), password_hash=kept)

    async def has_one(self) -> bool:
        async with self.db.read() as db:
            user = await users.find(db, self.id)
        assert user is not None
        return user.second_factor_at is not None


async def make_person(
    db: Database, clock: VirtualClock, factors: SecondFactors, role: str = "PARENT"
) -> Person:
    name = f"person-{next(_numbers)}"
    async with db.begin() as tx:
        new = NewUser(role, "ACTIVE", name, name, f"{name}@example.org", password_hash="argon2")
        user = await users.create(tx, new)
    return Person(user.id, name, db, clock, factors, Authenticator(clock, b""))


@pytest.fixture
async def ada(db: Database, clock: VirtualClock, factors: SecondFactors) -> Person:
    return await make_person(db, clock, factors)


async def keys_of(db: Database, person: Person) -> int:
    async with db.read() as reading:
        counted = select(func.count()).where(KeyRow.kind == "totp", KeyRow.owner == person.id)
        return await reading.scalar(counted) or 0


async def test_a_factor_is_asked_for_from_its_first_code_on(ada: Person) -> None:
    await ada.enrol()
    assert not await ada.has_one()
    await ada.confirm()
    assert await ada.has_one()


async def test_an_enrolment_that_waits_for_its_first_code_opens_nothing(ada: Person) -> None:
    await ada.enrol()
    assert not await ada.fits(ada.code())


async def test_the_label_holds_the_username_and_never_the_address(
    db: Database, ada: Person, factors: SecondFactors
) -> None:
    async with db.begin() as tx:
        enrolment = await factors.enrol(tx, ada.id)
    url = enrolment.otpauth_url.get_secret_value()
    assert url.startswith(f"otpauth://totp/Hearth:{ada.name}?secret=")
    assert "example.org" not in url
    assert enrolment.secret.get_secret_value() not in repr(enrolment)


async def test_a_new_enrolment_takes_the_place_of_one_that_waits(db: Database, ada: Person) -> None:
    await ada.enrol()
    of_the_first = ada.code()
    await ada.enrol()
    with pytest.raises(Refusal):
        await ada.confirm(of_the_first)
    await ada.confirm()
    assert await keys_of(db, ada) == 1


async def test_whoever_has_a_factor_cannot_enrol_another(ada: Person) -> None:
    await ada.set_up()
    with pytest.raises(Conflict):
        await ada.enrol()
    with pytest.raises(Conflict):
        await ada.confirm()
    assert await ada.fits(ada.code())


async def test_there_is_nothing_to_confirm_before_an_enrolment(ada: Person) -> None:
    with pytest.raises(Conflict):
        await ada.confirm("123456")


async def test_a_wrong_first_code_is_refused_and_the_right_one_still_counts(ada: Person) -> None:
    await ada.enrol()
    for wrong in (ada.code(2), ada.code(-2), "abcdefghjkmn"):
        with pytest.raises(Refusal) as refused:
            await ada.confirm(wrong)
        assert refused.value.code == Code.INVALID_CREDENTIALS
    assert not await ada.has_one()
    await ada.confirm()


async def test_the_steps_before_and_after_count_and_no_others(ada: Person) -> None:
    await ada.set_up()
    await ada.clock.advance(300)
    assert not await ada.fits(ada.code(-2))
    assert not await ada.fits(ada.code(2))
    assert await ada.fits(ada.code(-1))
    assert await ada.fits(ada.code())
    assert await ada.fits(ada.code(1))


async def test_a_code_serves_once(ada: Person) -> None:
    await ada.set_up()
    code = ada.code()
    assert await ada.fits(code)
    assert not await ada.fits(code)
    await ada.clock.advance(30)
    assert not await ada.fits(code)
    assert await ada.fits(ada.code())


async def test_the_code_that_confirmed_serves_no_second_time(ada: Person) -> None:
    await ada.enrol()
    await ada.confirm()
    assert not await ada.fits(ada.code())


async def test_once_a_code_has_served_those_before_it_are_over(ada: Person) -> None:
    await ada.set_up()
    before = ada.code(-1)
    assert await ada.fits(ada.code())
    assert not await ada.fits(before)


async def test_digits_may_come_in_groups(ada: Person) -> None:
    await ada.set_up()
    code = ada.code()
    assert await ada.fits(f" {code[:3]} {code[3:]} ")


async def test_the_code_of_one_person_does_not_fit_another(
    ada: Person, db: Database, clock: VirtualClock, factors: SecondFactors
) -> None:
    bob = await make_person(db, clock, factors)
    codes_of_ada, codes_of_bob = await ada.set_up(), await bob.set_up()
    assert not await ada.fits(bob.code())
    assert not await ada.fits(codes_of_bob[0])
    assert await ada.fits(codes_of_ada[0])
    assert await bob.fits(codes_of_bob[0])


async def test_a_secret_copied_to_another_person_s_row_does_not_open(
    ada: Person, db: Database, clock: VirtualClock, factors: SecondFactors
) -> None:
    bob = await make_person(db, clock, factors)
    await ada.set_up()
    await bob.set_up()
    async with db.begin() as tx:
        factor = await second_factors.find(tx, bob.id)
        assert factor is not None
        await tx.execute(
            update(SecondFactorRow)
            .where(SecondFactorRow.user_id == ada.id)
            .values(
                key_id=factor.sealed.key_id,
                iv=factor.sealed.iv,
                ciphertext=factor.sealed.ciphertext,
            )
        )
    with pytest.raises(DoesNotOpen):
        await ada.fits(bob.code())


async def test_each_recovery_code_serves_once_whatever_the_hour(ada: Person) -> None:
    codes = await ada.set_up()
    await ada.clock.advance(timedelta(days=400).total_seconds())
    assert [await ada.fits(code) for code in codes] == [True] * 10
    assert [await ada.fits(code) for code in codes] == [False] * 10
    assert await ada.fits(ada.code())


async def test_recovery_codes_may_be_typed_as_people_type(ada: Person) -> None:
    codes = await ada.set_up()
    typed = [
        codes[0].upper(),
        codes[1].replace("-", ""),
        codes[2].replace("-", " "),
        codes[3].replace("-", " \u2013 "),
    ]
    assert [await ada.fits(code) for code in typed] == [True] * 4
    assert [await ada.fits(code) for code in codes[:4]] == [False] * 4


@pytest.mark.parametrize(
    "typed", ["------", "000000000000", "\u0667" * 6, "\U0001f600" * 6, "\u0130" * 12, "x" * 32]
)
async def test_what_is_no_code_at_all_does_not_fit(ada: Person, typed: str) -> None:
    await ada.set_up()
    assert not await ada.fits(typed)


async def test_of_two_at_once_with_the_same_code_one_gets_in(ada: Person) -> None:
    codes = await ada.set_up()
    for code in (ada.code(), codes[0]):
        results = await asyncio.gather(*(ada.fits(code) for _ in range(5)))
        assert sorted(results) == [False] * 4 + [True]


async def test_of_two_confirmations_at_once_one_gives_the_codes_that_count(ada: Person) -> None:
    await ada.enrol()
    results = await asyncio.gather(*(ada.confirm() for _ in range(5)), return_exceptions=True)
    given = [result for result in results if isinstance(result, list)]
    assert len(given) == 1
    assert sum(isinstance(result, Conflict) for result in results) == 4
    assert await ada.fits(given[0][0])


async def test_enrolments_at_once_leave_one_secret(db: Database, ada: Person) -> None:
    await asyncio.gather(*(ada.enrol() for _ in range(5)))
    assert await keys_of(db, ada) == 1


async def test_a_removed_factor_is_gone_with_all_that_belonged_to_it(
    db: Database, ada: Person
) -> None:
    codes = await ada.set_up()
    await ada.remove(ada.code())
    assert not await ada.has_one()
    assert await keys_of(db, ada) == 0
    await ada.set_up()
    assert not await ada.fits(codes[0])


async def test_a_recovery_code_removes_the_factor_too(ada: Person) -> None:
    codes = await ada.set_up()
    await ada.remove(codes[3])
    assert not await ada.has_one()


async def test_a_wrong_code_removes_nothing(ada: Person) -> None:
    codes = await ada.set_up()
    with pytest.raises(Refusal) as refused:
        await ada.remove(ada.code(2))
    assert refused.value.code == Code.INVALID_CREDENTIALS
    assert await ada.has_one()
    assert await ada.fits(codes[0])


async def test_a_password_that_was_changed_in_between_removes_nothing(
    db: Database, ada: Person, factors: SecondFactors
) -> None:
    codes = await ada.set_up()
    with pytest.raises(Refusal) as refused:
        async with db.begin() as tx:
            await factors.remove(tx, ada.id, Secret(codes[0]), password_hash="the one before")
    assert refused.value.code == Code.INVALID_CREDENTIALS
    assert await ada.has_one()


async def test_whoever_has_no_factor_is_done_with_it_already(ada: Person) -> None:
    codes = await ada.set_up()
    await asyncio.gather(*(ada.remove(codes[0]) for _ in range(3)))
    await ada.remove(codes[0])
    assert not await ada.has_one()


async def test_an_admin_keeps_theirs_while_the_house_wants_one(
    db: Database, clock: VirtualClock, factors: SecondFactors, settings: LiveSettings
) -> None:
    admin, parent = [await make_person(db, clock, factors, role) for role in ("ADMIN", "PARENT")]
    codes, codes_of_parent = await admin.set_up(), await parent.set_up()
    settings.apply(Changed(1, {REQUIRE_ADMIN_TOTP.name: True}))
    with pytest.raises(Conflict):
        await admin.remove(codes[0])
    await parent.remove(codes_of_parent[0])
    settings.apply(Changed(2, {REQUIRE_ADMIN_TOTP.name: False}))
    await admin.remove(codes[0])
    assert not await admin.has_one()


async def test_turning_it_on_and_off_is_audited_and_told_without_secrets(
    db: Database, ada: Person, factors: SecondFactors, announced: list[str]
) -> None:
    await ada.enrol()
    async with db.begin() as tx:
        codes = await factors.confirm(tx, ada.id, Secret(ada.code()))
        (enabled,) = tx.deeds
    async with db.begin() as tx:
        await factors.remove(tx, ada.id, codes[0], password_hash="argon2")
        (disabled,) = tx.deeds
    assert [deed.action for deed in (enabled, disabled)] == [
        "account.totp_enable",
        "account.totp_disable",
    ]
    for deed in (enabled, disabled):
        assert (deed.entity_type, deed.entity_id) == ("user", ada.id)
        assert (deed.before, deed.after) == (None, None)
    assert announced.count(f"user:{ada.id}") == 2


async def test_the_database_holds_no_secret_that_was_shown(db: Database, ada: Person) -> None:
    await ada.enrol()
    waiting = ada.authenticator
    await ada.enrol()
    codes = await ada.confirm()
    async with db.read() as reading:
        kept = (await everything_kept(reading)).lower()
    assert ada.name in kept
    shown = [*codes, *(code.replace("-", "") for code in codes)]
    for secret in (waiting.secret, ada.authenticator.secret):
        shown.append(one_time_codes.spell_secret(secret).lower())
        assert secret.hex() not in kept
    for words in shown:
        assert words not in kept
        assert words.encode().hex() not in kept
