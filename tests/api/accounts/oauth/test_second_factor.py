"""A provider answers for one half of a sign-in; the other half is asked for as always."""

import asyncio
from typing import Any

from api.keys import DB
from store import identities
from tests.support import family
from tests.support.clock import VirtualClock
from tests.support.family import PASSWORD
from tests.support.oidc import TOKEN, OidcProvider
from tests.support.second_factor import SecondFactor
from tests.support.server import Answered, Server

APP = "https://app.example/back"


async def send(house: Server, **body: Any) -> Answered:
    return await house.ask("POST", "/auth/oauth/google", json=body)


async def is_linked(house: Server, person: family.Person) -> bool:
    async with house.app[DB].begin() as tx:
        return await identities.hold(tx, "google", f"subject-of-{person.id}") == person.id


async def test_a_token_wants_the_code_beside_it(
    house: Server, provider: OidcProvider, jo: family.Person, codes: SecondFactor
) -> None:
    token = provider.id_token()
    refused = await send(house, id_token=token)
    assert (refused.status, refused.code) == (401, "TOTP_REQUIRED")
    assert not await is_linked(house, jo), "half a sign-in links nothing"
    wrong = await send(house, id_token=token, totp=codes.wrong())
    assert (wrong.status, wrong.code) == (401, "INVALID_CREDENTIALS")
    answered = await send(house, id_token=token, totp=codes.fresh())
    assert (answered.status, answered.body["user"]["id"]) == (200, jo.id)
    assert await is_linked(house, jo)


async def test_a_provider_s_code_may_be_sent_again_for_the_second_half(
    house: Server, provider: OidcProvider, jo: family.Person, codes: SecondFactor
) -> None:
    proof = {"code": provider.code(APP), "redirect_uri": APP}
    assert (await send(house, **proof)).code == "TOTP_REQUIRED"
    assert (await send(house, **proof, totp=codes.wrong())).code == "INVALID_CREDENTIALS"
    answered = await send(house, **proof, totp=codes.fresh())
    assert (answered.status, answered.body["user"]["id"]) == (200, jo.id)
    assert (await send(house, **proof, totp=codes.fresh())).code == "INVALID_CREDENTIALS"
    assert provider.asked[TOKEN] == 2, "the provider saw it before the sign-in and after it"


async def test_a_mistyped_code_at_the_first_try_costs_no_new_way_to_the_provider(
    house: Server, provider: OidcProvider, jo: family.Person, codes: SecondFactor
) -> None:
    proof = {"code": provider.code(APP), "redirect_uri": APP}
    assert (await send(house, **proof, totp=codes.wrong())).code == "INVALID_CREDENTIALS"
    assert (await send(house, **proof, totp=codes.fresh())).status == 200


async def test_a_code_that_waits_wants_the_same_proof_beside_it(
    house: Server, provider: OidcProvider, jo: family.Person, codes: SecondFactor
) -> None:
    proof = {
        "code": provider.code(APP, verifier="v" * 43),
        "redirect_uri": APP,
        "code_verifier": "v" * 43,
    }
    assert (await send(house, **proof)).code == "TOTP_REQUIRED"
    code = codes.fresh()
    for other in ({"code_verifier": "w" * 43}, {"redirect_uri": f"{APP}/x"}, {"nonce": "x"}):
        stolen = {**proof, **other, "totp": code}
        assert (await send(house, **stolen)).code == "INVALID_CREDENTIALS"
    elsewhere = await house.ask("POST", "/auth/oauth/apple", json={**proof, "totp": code})
    assert elsewhere.code == "INVALID_CREDENTIALS"
    assert (await send(house, **proof, totp=code)).status == 200, "none of them spent the code"


async def test_the_second_half_has_five_minutes(
    house: Server,
    provider: OidcProvider,
    jo: family.Person,
    codes: SecondFactor,
    clock: VirtualClock,
) -> None:
    proof = {"code": provider.code(APP), "redirect_uri": APP}
    assert (await send(house, **proof)).code == "TOTP_REQUIRED"
    await clock.advance(300)
    assert (await send(house, **proof, totp=codes.fresh())).code == "INVALID_CREDENTIALS"


async def test_what_waits_lets_one_in_however_many_come_at_once(
    house: Server, provider: OidcProvider, jo: family.Person, codes: SecondFactor
) -> None:
    proof = {"code": provider.code(APP), "redirect_uri": APP}
    assert (await send(house, **proof)).code == "TOTP_REQUIRED"
    answers = await asyncio.gather(*(send(house, **proof, totp=codes.fresh()) for _ in range(5)))
    assert sorted(answer.status for answer in answers) == [200, 401, 401, 401, 401]


async def test_wrong_codes_count_as_wrong_passwords(
    house: Server, provider: OidcProvider, jo: family.Person, codes: SecondFactor
) -> None:
    proof = {"code": provider.code(APP), "redirect_uri": APP}
    for _ in range(10):
        assert (await send(house, **proof, totp=codes.wrong())).code == "INVALID_CREDENTIALS"
        assert (await send(house, **proof)).code in {"TOTP_REQUIRED", "LOCKED"}
    locked = await send(house, **proof, totp=codes.fresh())
    assert (locked.status, locked.code) == (429, "LOCKED")
    by_password = {"email": jo.email, "password": PASSWORD, "totp": codes.fresh()}
    assert (await house.ask("POST", "/auth/login", json=by_password)).code == "LOCKED"


async def test_a_code_of_the_provider_is_no_ticket_of_a_browser(
    house: Server, provider: OidcProvider, jo: family.Person, codes: SecondFactor
) -> None:
    proof = {"code": provider.code(APP), "redirect_uri": APP}
    assert (await send(house, **proof)).code == "TOTP_REQUIRED"
    cookie = {"Cookie": "hearth_oauth=whatever"}
    answered = await house.ask(
        "POST",
        "/auth/oauth/google",
        json={"ticket": proof["code"], "totp": codes.fresh()},
        headers=cookie,
    )
    assert answered.code == "INVALID_CREDENTIALS"
