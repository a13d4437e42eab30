"""What a forger tries with an access token."""

import json
from base64 import urlsafe_b64encode
from typing import Any

import jwt
import pytest

from api.accounts.keys import ACCESS_TOKENS
from api.accounts.signing import SigningKeys
from api.keys import DB, ENVELOPE
from store.envelope import StandingKey
from tests.support import family
from tests.support.clock import MovableClock
from tests.support.family import Person
from tests.support.server import Answered, Server


@pytest.fixture
async def mara(house: Server) -> Person:
    return await family.parent(house, await family.admin(house))


@pytest.fixture
async def key(house: Server) -> StandingKey:
    return (await SigningKeys(house.app[DB], house.app[ENVELOPE]).read())[-1]


async def show(house: Server, token: str) -> Answered:
    return await house.ask("GET", "/users/me", token=token)


def claims_of(token: str) -> dict[str, Any]:
    claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return claims


def signed(claims: dict[str, Any], key: StandingKey, **more: Any) -> str:
    options = {"algorithm": "HS256", "headers": {"kid": key.id}, **more}
    return jwt.encode(claims, key.secret, **options)


def raw(head: dict[str, Any], claims: dict[str, Any], signature: bytes = b"") -> str:
    parts = [json.dumps(head).encode(), json.dumps(claims).encode(), signature]
    return ".".join(urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


async def test_a_token_holds_what_the_contract_says(mara: Person, key: StandingKey) -> None:
    claims = claims_of(mara.access)
    assert claims.keys() == {"sub", "role", "sid", "iat", "exp", "jti", "iss", "aud"}
    assert (claims["sub"], claims["role"]) == (mara.id, "PARENT")
    assert claims["exp"] - claims["iat"] == 900
    head = jwt.get_unverified_header(mara.access)
    assert head["kid"] == key.id


async def test_the_forger_s_tools_make_a_good_token(mara: Person, key: StandingKey) -> None:
    """So that what follows is refused for its one fault."""
    assert (await show(mara.server, signed(claims_of(mara.access), key))).status == 200


async def test_no_signature_is_no_token(mara: Person, key: StandingKey) -> None:
    for algorithm in ("none", "None", "NONE", "nOnE", ""):
        token = raw({"alg": algorithm, "typ": "JWT", "kid": key.id}, claims_of(mara.access))
        assert (await show(mara.server, token)).code == "UNAUTHENTICATED", algorithm


async def test_the_algorithm_is_ours(mara: Person, key: StandingKey) -> None:
    for algorithm in ("HS384", "HS512"):
        longer = StandingKey(key.id, key.created_at, key.secret * 2)
        token = signed(claims_of(mara.access), longer, algorithm=algorithm)
        assert (await show(mara.server, token)).code == "UNAUTHENTICATED", algorithm


async def test_a_signature_by_another_kind_of_key_is_none(mara: Person, key: StandingKey) -> None:
    for head in ({"alg": "RS256", "kid": key.id}, {"alg": "ES256", "kid": key.id}):
        token = raw(head, claims_of(mara.access), b"x" * 64)
        assert (await show(mara.server, token)).code == "UNAUTHENTICATED"


async def test_a_foreign_kid_is_refused(mara: Person) -> None:
    for kid in ("k_foreign", "", None, 7, ["k"], "../../etc/passwd", "x" * 4000):
        head = {"alg": "HS256", "typ": "JWT", "kid": kid}
        token = raw(head, claims_of(mara.access), b"signature")
        assert (await show(mara.server, token)).code == "UNAUTHENTICATED", kid


async def test_another_server_s_key_under_our_kid_is_refused(
    mara: Person, key: StandingKey
) -> None:
    theirs = StandingKey(key.id, key.created_at, b"another server's key, 32 bytes..")
    assert (await show(mara.server, signed(claims_of(mara.access), theirs))).status == 401


_WRONG: list[dict[str, Any]] = [
    {"iat": 4_000_000_000, "exp": 4_000_000_900},
    {"aud": "hearth-media"},
    {"aud": "hearth-session"},
    {"aud": "another"},
    {"aud": ["another"]},
    {"iss": "another"},
    {"exp": None},
    {"exp": "soon"},
    {"exp": 10**30},
    {"iat": "now"},
    {"sid": None},
    {"sid": 7},
    {"sid": "s_" + "0" * 26},
    {"sid": "u_" + "0" * 26},
    {"sub": "u_" + "0" * 26},
    {"sub": None},
]


async def test_one_wrong_claim_is_enough(mara: Person, key: StandingKey) -> None:
    for change in _WRONG:
        answer = await show(mara.server, signed(claims_of(mara.access) | change, key))
        assert (answer.status, answer.code) == (401, "UNAUTHENTICATED"), change


async def test_a_token_that_has_ended_says_so(mara: Person, key: StandingKey) -> None:
    for change in ({"exp": 0}, {"exp": claims_of(mara.access)["iat"]}):
        answer = await show(mara.server, signed(claims_of(mara.access) | change, key))
        assert (answer.status, answer.code) == (401, "TOKEN_EXPIRED"), change


async def test_every_claim_has_to_be_there(mara: Person, key: StandingKey) -> None:
    for missing in ("sub", "role", "sid", "iat", "exp", "jti", "iss", "aud"):
        claims = claims_of(mara.access)
        del claims[missing]
        assert (await show(mara.server, signed(claims, key))).code == "UNAUTHENTICATED", missing


async def test_a_truncated_or_altered_token_is_refused(mara: Person) -> None:
    head, body, signature = mara.access.split(".")
    for token in (
        mara.access[:-1],
        mara.access[: len(mara.access) // 2],
        f"{head}.{body}",
        f"{head}.{body}.",
        f"{head}..{signature}",
        f"{head}.{body}.{signature}.x",
        f"{head}.{body[:-2]}AA.{signature}",
        ".",
        "x",
    ):
        assert (await show(mara.server, token)).status == 401, token


async def test_a_role_in_the_token_gives_nothing(mara: Person, key: StandingKey) -> None:
    """Only the account's own counts, at this moment."""
    token = signed(claims_of(mara.access) | {"role": "ADMIN"}, key)
    answer = await mara.server.ask("GET", "/admin/accounts", token=token)
    assert (answer.status, answer.code) == (403, "FORBIDDEN")


async def test_a_media_token_opens_no_route(mara: Person) -> None:
    claims = claims_of(mara.access)
    tokens = mara.server.app[ACCESS_TOKENS]
    media = tokens.issue(
        user_id=mara.id,
        role="PARENT",
        session_id=claims["sid"],
        seconds=60,
        audience="hearth-media",
    )
    assert (await show(mara.server, media.get_secret_value())).status == 401


async def test_keys_are_renewed_without_anybody_noticing(
    mara: Person, key: StandingKey, clock: MovableClock
) -> None:
    house = mara.server
    keys = SigningKeys(house.app[DB], house.app[ENVELOPE])
    admin = await family.admin(house)
    long = {"settings": {"single_token_seconds": 2_592_000, "rate_limit_auth": 100_000}}
    assert (await admin.ask("PUT", "/admin/settings", json=long)).status == 200
    body = {"email": mara.email, "password": mara.password}
    clock.move(29 * 86_400)
    day_token = (await house.ask("POST", "/api/login", json=body)).body["access_token"]
    clock.move(2 * 86_400)
    async with house.app[DB].begin() as tx:
        assert await keys.renew(tx) == {"made": 1, "forgotten": 0}
    async with house.app[DB].begin() as tx:
        assert await keys.renew(tx) == {"made": 0, "forgotten": 0}
    await house.app[ACCESS_TOKENS].refresh()
    clock.move(180)
    assert (await show(house, day_token)).status == 200
    await mara.sign_in()
    assert jwt.get_unverified_header(mara.access)["kid"] != key.id
    clock.move(61 * 86_400)
    async with house.app[DB].begin() as tx:
        assert await keys.renew(tx) == {"made": 1, "forgotten": 1}


async def test_no_token_is_ever_shown_in_a_repr(mara: Person, key: StandingKey) -> None:
    tokens = mara.server.app[ACCESS_TOKENS]
    assert key.secret.hex() not in repr((tokens, key))
    assert str(key.secret) not in repr((tokens, key))
