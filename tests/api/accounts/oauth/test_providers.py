"""Which providers a server has, and how it says in one line that it can't have one."""

from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pydantic import Secret
from sqlalchemy.engine import make_url

from api.accounts.oauth.client_secret import AgreedSecret, SignedSecret
from api.accounts.oauth.providers import sign_in_providers
from api.configuration import Configuration, read_configuration
from api.errors import Code, NotFound, Refusal
from api.failure import WrongConfiguration
from tests.support.clock import START, VirtualClock
from tests.support.oidc import ec_key, rsa_key
from tests.support.postgres import Postgres
from tests.support.server import configure, serving

PRIVATE = (Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def configured(**given: Any) -> Configuration:
    return configure(make_url("postgresql+aiopg://nobody"), Path("nowhere"), **given)


def with_key_file(key_file: Path) -> dict[str, Any]:
    return {
        "oauth_apple_client_id": "org.example.hearth",
        "oauth_apple_team_id": "TEAM123456",
        "oauth_apple_key_id": "KEY1234567",
        "oauth_apple_key_file": key_file,
    }


async def test_a_provider_that_was_not_set_up_is_not_configured(clock: VirtualClock) -> None:
    async with sign_in_providers(configured(), clock) as providers:
        for name in ("google", "apple"):
            with pytest.raises(Refusal) as refused:
                providers.named(name)
            assert refused.value.code is Code.NOT_CONFIGURED
            assert name.title() in refused.value.message


@pytest.mark.parametrize("name", ["facebook", "", "GOOGLE", "google ", "../google"])
async def test_a_provider_that_does_not_exist_is_not_found(clock: VirtualClock, name: str) -> None:
    async with sign_in_providers(configured(), clock) as providers:
        with pytest.raises(NotFound):
            providers.named(name)


async def test_each_is_there_when_it_is_configured(clock: VirtualClock, tmp_path: Path) -> None:
    key_file = tmp_path / "AuthKey.p8"
    key_file.write_bytes(ec_key().private_bytes(*PRIVATE))
    async with sign_in_providers(configured(**with_key_file(key_file)), clock) as providers:
        providers.named("apple")
        with pytest.raises(Refusal):
            providers.named("google")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not a key",
        rsa_key(0).private_bytes(*PRIVATE),
        ec.generate_private_key(ec.SECP384R1()).private_bytes(*PRIVATE),
        None,
    ],
    ids=["empty", "no key", "another kind", "another curve", "no file"],
)
async def test_a_key_file_that_will_not_do_stops_the_start_in_one_line(
    clock: VirtualClock, tmp_path: Path, content: bytes | None
) -> None:
    key_file = tmp_path / "AuthKey.p8"
    if content is not None:
        key_file.write_bytes(content)
    with pytest.raises(WrongConfiguration) as wrong:
        async with sign_in_providers(configured(**with_key_file(key_file)), clock):
            pass
    message = str(wrong.value)
    assert message.startswith(f"HEARTH_OAUTH_APPLE_KEY_FILE: {key_file} ")
    assert "\n" not in message


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        (
            {"HEARTH_OAUTH_GOOGLE_SECRET": "x"},
            "HEARTH_OAUTH_GOOGLE_CLIENT_ID is missing: signing in with Google needs it",
        ),
        (
            {"HEARTH_OAUTH_APPLE_CLIENT_ID": "x", "HEARTH_OAUTH_APPLE_TEAM_ID": "x"},
            "HEARTH_OAUTH_APPLE_KEY_ID is missing: signing in with Apple needs it",
        ),
    ],
)
def test_what_belongs_together_is_given_together(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variables: dict[str, str], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(WrongConfiguration) as wrong:
        read_configuration()
    assert str(wrong.value) == message


@pytest.mark.parametrize(
    "issuer",
    [
        "http://accounts.example",
        "accounts.example",
        "https://",
        "https://accounts.example?x",
        "https://accounts.example#x",
        "https://me:secret@accounts.example",
    ],
)
def test_an_issuer_that_could_be_listened_to_stops_the_start(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, issuer: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HEARTH_OAUTH_GOOGLE_ISSUER", issuer)
    with pytest.raises(WrongConfiguration, match=r"^HEARTH_OAUTH_GOOGLE_ISSUER is no issuer"):
        read_configuration()


async def test_a_server_does_not_start_with_a_key_file_that_will_not_do(
    postgres: Postgres, database_name: str, tmp_path: Path
) -> None:
    url = postgres.application_url(database_name)
    with pytest.raises(WrongConfiguration, match="HEARTH_OAUTH_APPLE_KEY_FILE"):
        async with serving(url, tmp_path, **with_key_file(tmp_path / "missing.p8")):
            pass


def test_no_secret_is_shown() -> None:
    key = ec_key()
    signed = SignedSecret("TEAM123456", "KEY1234567", "hearth", "https://appleid.apple.com", key)
    agreed = AgreedSecret(Secret("agreed upon"))
    assert "key=" not in repr(signed)
    assert "agreed upon" not in repr(agreed)
    assert repr(signed.at(START)) == repr(agreed.at(START)) == "Secret('**********')"
