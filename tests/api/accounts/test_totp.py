"""The second factor as clients meet it: from the enrolment to the end, and what guessing costs."""

import asyncio
import io
from typing import Any

import pytest

from api.accounts.authenticator import REQUIRE_ADMIN_TOTP
from api.accounts.totp import one_time_codes
from api.keys import DB, SETTINGS
from api.logs import configure_logs
from store import setup_link
from store.settings import Changed
from tests.support import family
from tests.support.authenticator import Authenticator
from tests.support.clock import MovableClock
from tests.support.family import PASSWORD, Person
from tests.support.kept import everything_kept
from tests.support.server import Answered, Server

WRONG = "wrong-wrong-wrong"


async def enrol(person: Person, clock: MovableClock) -> Authenticator:
    answer = await person.ask("POST", "/auth/totp/enrol")
    assert answer.status == 200, answer.body
    return Authenticator.reading(answer.body["secret"], clock)


async def confirm(person: Person, code: str) -> Answered:
    return await person.ask("POST", "/auth/totp/confirm", json={"code": code})


async def set_up(person: Person, clock: MovableClock) -> tuple[Authenticator, list[str]]:
    """A second factor, at a moment when its authenticator shows a fresh code."""
    authenticator = await enrol(person, clock)
    answer = await confirm(person, authenticator.code())
    assert answer.status == 200, answer.body
    clock.move(30)
    return authenticator, answer.body["recovery_codes"]


async def remove(person: Person, code: str, password: str = PASSWORD) -> Answered:
    return await person.ask("DELETE", "/auth/totp", json={"password": password, "code": code})


def outcome(answer: Answered) -> tuple[int, str | None]:
    return answer.status, answer.code if answer.status >= 400 else None


@pytest.fixture
async def mara(house: Server) -> Person:
    return await family.parent(house, await family.admin(house))


async def test_the_second_factor_s_whole_life(mara: Person, clock: MovableClock) -> None:
    enrolled = await mara.ask("POST", "/auth/totp/enrol")
    assert enrolled.status == 200
    assert enrolled.body["otpauth_url"] == (
        f"otpauth://totp/Hearth:{mara.username}?secret={enrolled.body['secret']}&issuer=Hearth"
    )
    assert (await mara.sign_in()).status == 200  # nothing is confirmed yet

    authenticator = Authenticator.reading(enrolled.body["secret"], clock)
    confirmed = await confirm(mara, authenticator.code())
    assert confirmed.status == 200
    codes = confirmed.body["recovery_codes"]
    assert len(set(codes)) == 10
    assert (await mara.ask("GET", "/users/me")).status == 200  # it ended nothing

    assert outcome(await mara.sign_in()) == (401, "TOTP_REQUIRED")
    clock.move(30)
    code = authenticator.code()
    assert (await mara.sign_in(totp=code)).status == 200
    assert outcome(await mara.sign_in(totp=code)) == (401, "INVALID_CREDENTIALS")
    assert (await mara.sign_in(totp=codes[0].upper())).status == 200
    assert outcome(await mara.sign_in(totp=codes[0])) == (401, "INVALID_CREDENTIALS")

    assert outcome(await mara.ask("POST", "/auth/totp/enrol")) == (409, "CONFLICT")
    clock.move(30)
    assert (await remove(mara, authenticator.code())).status == 204
    assert (await mara.sign_in()).status == 200


@pytest.mark.parametrize(
    ("path", "how", "name"),
    [
        ("/auth/login", "json", "email"),
        ("/token", "data", "username"),
        ("/api/login", "json", "email"),
        ("/api/auth/login/", "json", "email"),
    ],
)
async def test_every_form_of_signing_in_asks_for_it(
    mara: Person, clock: MovableClock, path: str, how: str, name: str
) -> None:
    authenticator, _ = await set_up(mara, clock)

    async def sign_in(**more: str) -> Answered:
        options: dict[str, Any] = {how: {name: mara.email, "password": PASSWORD, **more}}
        return await mara.server.ask("POST", path, **options)

    assert outcome(await sign_in()) == (401, "TOTP_REQUIRED")
    assert outcome(await sign_in(totp=authenticator.wrong())) == (401, "INVALID_CREDENTIALS")
    assert outcome(await sign_in(totp=authenticator.code())) == (200, None)


async def test_a_wrong_password_is_not_told_that_there_is_a_second_factor(
    mara: Person, clock: MovableClock
) -> None:
    authenticator, _ = await set_up(mara, clock)
    for more in ({}, {"totp": authenticator.code()}):
        refused = await mara.sign_in(password=WRONG, **more)
        assert outcome(refused) == (401, "INVALID_CREDENTIALS")
    assert (await mara.sign_in(totp=authenticator.code())).status == 200


async def test_of_two_who_sign_in_at_once_with_the_same_code_one_gets_in(
    mara: Person, clock: MovableClock
) -> None:
    authenticator, codes = await set_up(mara, clock)
    for code in (authenticator.code(), codes[0]):
        answers = await asyncio.gather(*(mara.sign_in(totp=code) for _ in range(4)))
        assert sorted(answer.status for answer in answers) == [200, 401, 401, 401]


async def test_wrong_codes_lock_the_account_like_wrong_passwords(
    mara: Person, clock: MovableClock
) -> None:
    authenticator, codes = await set_up(mara, clock)
    for _ in range(5):
        assert (await mara.sign_in(password=WRONG)).status == 401
        assert (await mara.sign_in(totp=authenticator.wrong())).status == 401
    assert outcome(await mara.sign_in(totp=authenticator.code())) == (429, "LOCKED")
    assert outcome(await mara.sign_in(totp=codes[0])) == (429, "LOCKED")
    locked = await remove(mara, codes[0])
    assert outcome(locked) == (429, "LOCKED")
    assert int(locked.headers["Retry-After"]) <= 900
    clock.move(900)
    assert (await mara.sign_in(totp=codes[0])).status == 200


async def test_asking_without_a_code_forgets_no_wrong_ones(
    mara: Person, clock: MovableClock
) -> None:
    authenticator, codes = await set_up(mara, clock)
    for _ in range(10):
        assert outcome(await mara.sign_in()) == (401, "TOTP_REQUIRED")
        refused = await mara.sign_in(totp=authenticator.wrong())
        assert outcome(refused) == (401, "INVALID_CREDENTIALS")
    assert outcome(await mara.sign_in(totp=codes[0])) == (429, "LOCKED")


async def test_wrong_first_codes_lock_too(mara: Person, clock: MovableClock) -> None:
    authenticator = await enrol(mara, clock)
    for _ in range(10):
        refused = await confirm(mara, authenticator.wrong())
        assert outcome(refused) == (401, "INVALID_CREDENTIALS")
    assert outcome(await confirm(mara, authenticator.code())) == (429, "LOCKED")
    assert outcome(await mara.sign_in()) == (429, "LOCKED")


async def test_a_right_first_code_forgets_no_wrong_passwords(
    mara: Person, clock: MovableClock
) -> None:
    """A thief of a session has the code at hand: it proves nothing of who they are."""
    for _ in range(9):
        assert (await mara.sign_in(password=WRONG)).status == 401
    _, codes = await set_up(mara, clock)
    assert outcome(await remove(mara, codes[0], WRONG)) == (401, "INVALID_CREDENTIALS")
    assert outcome(await remove(mara, codes[0])) == (429, "LOCKED")


async def test_who_knows_the_password_cannot_guess_at_the_code_for_ever(
    mara: Person, clock: MovableClock
) -> None:
    authenticator, codes = await set_up(mara, clock)
    same = {"current": PASSWORD, "new": PASSWORD}
    for _ in range(10):
        assert (await mara.ask("POST", "/auth/password", json=same)).status == 204
        refused = await remove(mara, authenticator.wrong())
        assert outcome(refused) == (401, "INVALID_CREDENTIALS")
    assert outcome(await remove(mara, codes[0])) == (429, "LOCKED")


async def test_what_is_a_conflict_is_no_guess(mara: Person, clock: MovableClock) -> None:
    for _ in range(11):
        assert outcome(await confirm(mara, "123456")) == (409, "CONFLICT")
    await set_up(mara, clock)


async def test_removing_takes_the_password_and_a_code(mara: Person, clock: MovableClock) -> None:
    authenticator, codes = await set_up(mara, clock)
    for code, password in ((authenticator.code(), WRONG), (authenticator.wrong(), PASSWORD)):
        assert outcome(await remove(mara, code, password)) == (401, "INVALID_CREDENTIALS")
    missing = await mara.ask("DELETE", "/auth/totp", json={"password": PASSWORD})
    assert outcome(missing) == (400, "VALIDATION_FAILED")
    assert outcome(await mara.sign_in()) == (401, "TOTP_REQUIRED")
    assert (await remove(mara, codes[0])).status == 204
    assert (await remove(mara, codes[0])).status == 204  # as it is wanted already


async def test_an_admin_who_owes_one_can_only_set_it_up(house: Server, clock: MovableClock) -> None:
    admin = await family.admin(house)
    house.app[SETTINGS].apply(Changed(1, {REQUIRE_ADMIN_TOTP.name: True}))
    owing = await admin.ask("GET", "/admin/accounts")
    assert outcome(owing) == (403, "TOTP_ENROLMENT_REQUIRED")
    _, codes = await set_up(admin, clock)
    assert (await admin.ask("GET", "/admin/accounts")).status == 200
    assert outcome(await remove(admin, codes[0])) == (409, "CONFLICT")
    house.app[SETTINGS].apply(Changed(2, {}))
    assert (await remove(admin, codes[0])).status == 204


async def test_an_admin_may_begin_to_owe_one_in_the_middle_of_a_session(
    house: Server, clock: MovableClock
) -> None:
    admin = await family.admin(house)
    _, codes = await set_up(admin, clock)
    assert (await remove(admin, codes[0])).status == 204
    house.app[SETTINGS].apply(Changed(1, {REQUIRE_ADMIN_TOTP.name: True}))
    owing = await admin.ask("GET", "/admin/accounts")
    assert outcome(owing) == (403, "TOTP_ENROLMENT_REQUIRED")


async def test_children_may_have_one_and_strangers_may_not(
    house: Server, mara: Person, clock: MovableClock
) -> None:
    child = await family.child(mara)
    await set_up(child, clock)
    assert outcome(await child.sign_in()) == (401, "TOTP_REQUIRED")
    for method, path, body in (
        ("POST", "/auth/totp/enrol", None),
        ("POST", "/auth/totp/confirm", {"code": "123456"}),
        ("DELETE", "/auth/totp", {"code": "123456", "password": PASSWORD}),
    ):
        assert outcome(await house.ask(method, path, json=body)) == (401, "UNAUTHENTICATED")


async def test_the_set_up_link_has_no_second_factor(house: Server) -> None:
    async with house.app[DB].begin() as tx:
        link = await setup_link.make(tx)
    refused = await house.ask("POST", "/auth/totp/enrol", token=link)
    assert outcome(refused) == (403, "FORBIDDEN")


async def test_what_is_shown_once_is_found_nowhere_afterwards(
    house: Server, clock: MovableClock
) -> None:
    log = io.StringIO()
    configure_logs("DEBUG", stream=log)
    try:
        admin = await family.admin(house)  # whose every change is audited
        authenticator, codes = await set_up(admin, clock)
        typed = [authenticator.code(), codes[0], authenticator.wrong(), codes[0]]
        answers = [await admin.sign_in(totp=code) for code in typed]
        assert [answer.status for answer in answers] == [200, 200, 401, 401]
        refused = b"".join(answer.raw for answer in answers[2:]).decode()
        await remove(admin, codes[1])
        await set_up(admin, clock)
    finally:
        configure_logs("DEBUG", stream=io.StringIO())
    async with house.app[DB].read() as db:
        kept = await everything_kept(db)
    assert admin.username in kept
    assert "/auth/totp/confirm" in log.getvalue()
    spelt = one_time_codes.spell_secret(authenticator.secret)
    for shown in (spelt, *codes, *(code.replace("-", "") for code in codes)):
        for place in (kept.lower(), log.getvalue().lower(), refused.lower()):
            assert shown.lower() not in place
            assert shown.encode().hex() not in place
    assert authenticator.secret.hex() not in kept
