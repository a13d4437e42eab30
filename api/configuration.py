"""The configuration: what the environment and `.env` say, fixed for the life of the process.

(What an admin changes while the server runs are *settings*: `api/settings/`.)
"""

import difflib
import ipaddress
import os
import re
import secrets
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from dotenv import dotenv_values
from pydantic import (
    AliasChoices,
    BeforeValidator,
    Field,
    SecretBytes,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from api.failure import WrongConfiguration
from api.web_addresses import is_confidential
from store.master_key import LocalMasterKey, NoMasterKey

ENV_FILE = ".env"


_ASYNC_DRIVERS = {"aiopg", "asyncpg", "psycopg"}
_TURN_URL = re.compile(r"turns?:[^\s:?]+(?::\d{1,5})?(?:\?transport=(?:udp|tcp))?")
_FACTORY = re.compile(r"[A-Za-z_]\w*(?:\.\w+)*:[A-Za-z_]\w*")
_ALLOWED_HOST = re.compile(r"[A-Za-z0-9*._:\[\]-]+")


def _split(value: object) -> object:
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


def _database_url(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        url = make_url(value)
    except ArgumentError:
        raise ValueError("is no database URL; write postgresql://user:password@host/name") from None
    if url.drivername in {"postgres", "postgresql", "postgresql+asyncpg"}:
        url = url.set(drivername="postgresql+aiopg")
    if url.get_backend_name() != "postgresql":
        raise ValueError("is not PostgreSQL; write postgresql://user:password@host/name")
    if url.get_driver_name() not in _ASYNC_DRIVERS:
        raise ValueError("names a driver that can't be used; write postgresql:// alone")
    if find_spec(url.get_driver_name()) is None:
        raise ValueError("names a driver that is not installed; write postgresql:// alone")
    return url


def _master_key(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return LocalMasterKey.read(value).secret
    except NoMasterKey:
        raise ValueError("is not 32 bytes in base64; `openssl rand -base64 32` makes one") from None


List = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]
DatabaseUrl = Annotated[URL, BeforeValidator(_database_url)]
_LAST_PORT = 65535
Port = Annotated[int, Field(ge=0, le=_LAST_PORT)]
LogLevel = Literal["DEBUG", "INFO", "WARNING", "ERROR"]


def named(*names: str) -> Any:
    return AliasChoices(*names)


class Configuration(BaseSettings):
    model_config = SettingsConfigDict(
        case_sensitive=False,
        env_file=ENV_FILE,
        extra="ignore",
        frozen=True,
        arbitrary_types_allowed=True,
        hide_input_in_errors=True,
        env_ignore_empty=True,
    )

    database_url: DatabaseUrl | None = None
    database_owner_url: DatabaseUrl | None = None
    database_pool_size: Annotated[int, Field(ge=1, le=1000)] = 20
    database_max_overflow: Annotated[int, Field(ge=0, le=1000)] = 10
    redis_url: SecretStr | None = None

    secret_key: SecretStr | None = Field(
        None, validation_alias=named("secret_key", "fastroom_secret")
    )
    master_key: Annotated[SecretBytes, BeforeValidator(_master_key)] | None = Field(
        None, validation_alias="hearth_master_key"
    )
    master_key_file: Path | None = Field(None, validation_alias="hearth_master_key_file")
    key_provider: str | None = Field(None, validation_alias="hearth_key_provider")

    access_token_exp_seconds: Annotated[int, Field(ge=60, le=86_400)] = 900
    refresh_token_exp_seconds: Annotated[int, Field(ge=300, le=31_536_000)] = 604_800
    admin_email: str | None = Field(None, validation_alias="hearth_admin_email")
    admin_password: SecretStr | None = Field(None, validation_alias="hearth_admin_password")

    log_level: Annotated[LogLevel, BeforeValidator(str.upper)] = "INFO"
    debug: bool = False
    server_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,64}$")] = Field(
        default_factory=lambda: secrets.token_hex(3)
    )
    ws_heartbeat_interval: Annotated[float, Field(gt=0, le=3600)] = 25
    ws_heartbeat_ttl_ms: Annotated[int, Field(gt=0)] | None = None

    # Every address, of both families: the family's phones must reach it.
    host: str = Field("", validation_alias="hearth_host")
    port: Port = Field(8080, validation_alias=named("hearth_port", "port"))
    admin_port: Port | None = Field(None, validation_alias="hearth_admin_port")
    metrics_token: SecretStr | None = Field(None, validation_alias="hearth_metrics_token")
    public_url: str | None = Field(None, validation_alias="hearth_public_url")
    allowed_hosts: List | None = Field(None, validation_alias="hearth_allowed_hosts")
    cors_origins: List = Field((), validation_alias="hearth_cors_origins")
    trusted_proxies: List = Field((), validation_alias="hearth_trusted_proxies")
    tls_cert: Path | None = Field(None, validation_alias="hearth_tls_cert")
    tls_key: Path | None = Field(None, validation_alias="hearth_tls_key")

    data_dir: Path = Field(Path("var"), validation_alias="hearth_data_dir")
    s3_endpoint: str | None = Field(None, validation_alias="hearth_s3_endpoint")
    s3_bucket: str | None = Field(None, validation_alias="hearth_s3_bucket")
    s3_region: str = Field("us-east-1", validation_alias="hearth_s3_region")
    s3_access_key: SecretStr | None = Field(None, validation_alias="hearth_s3_access_key")
    s3_secret_key: SecretStr | None = Field(None, validation_alias="hearth_s3_secret_key")

    sfu_workers: Annotated[int, Field(ge=1, le=64)] = Field(
        1, validation_alias="hearth_sfu_workers"
    )
    rtc_port: Port = Field(40000, validation_alias="hearth_rtc_port")
    rtc_addresses: List = Field((), validation_alias="hearth_rtc_addresses")
    turn_urls: List = Field((), validation_alias="hearth_turn_urls")
    turn_secret: SecretStr | None = Field(None, validation_alias="hearth_turn_secret")

    oauth_google_client_id: str | None = Field(
        None, validation_alias="hearth_oauth_google_client_id"
    )
    oauth_google_client_secret: SecretStr | None = Field(
        None,
        validation_alias=named("hearth_oauth_google_client_secret", "hearth_oauth_google_secret"),
    )
    oauth_google_issuer: str = Field(
        "https://accounts.google.com", validation_alias="hearth_oauth_google_issuer"
    )
    oauth_apple_client_id: str | None = Field(None, validation_alias="hearth_oauth_apple_client_id")
    oauth_apple_team_id: str | None = Field(None, validation_alias="hearth_oauth_apple_team_id")
    oauth_apple_key_id: str | None = Field(None, validation_alias="hearth_oauth_apple_key_id")
    oauth_apple_key_file: Path | None = Field(None, validation_alias="hearth_oauth_apple_key_file")
    oauth_apple_issuer: str = Field(
        "https://appleid.apple.com", validation_alias="hearth_oauth_apple_issuer"
    )

    features: List = Field((), validation_alias="hearth_features")

    @field_validator("secret_key")
    @classmethod
    def _long_enough(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and len(value.get_secret_value().encode()) < 32:
            raise ValueError("is shorter than 32 bytes; `openssl rand -base64 48` makes one")
        return value

    @field_validator("key_provider")
    @classmethod
    def _names_a_factory(cls, value: str | None) -> str | None:
        if value is not None and not _FACTORY.fullmatch(value):
            raise ValueError("names no plug-in; write package.module:factory")
        return value

    @field_validator("public_url")
    @classmethod
    def _is_web_address(cls, value: str | None) -> str | None:
        if value is None:
            return None
        if not _is_address_of_a_house(value):
            raise ValueError("is no web address; write https://hearth.example")
        return value.rstrip("/")

    @field_validator("cors_origins")
    @classmethod
    def _are_origins(cls, origins: tuple[str, ...]) -> tuple[str, ...]:
        for origin in origins:
            parts = urlsplit(origin)
            if (
                parts.scheme not in {"http", "https"}
                or origin != f"{parts.scheme}://{parts.netloc}"
            ):
                raise ValueError(f"holds {origin!r}, which is no origin; write https://app.example")
        return origins

    @field_validator("trusted_proxies")
    @classmethod
    def _are_networks(cls, networks: tuple[str, ...]) -> tuple[str, ...]:
        for network in networks:
            try:
                ipaddress.ip_network(network, strict=False)
            except ValueError:
                raise ValueError(
                    f"holds {network!r}, which is no address; write 10.0.0.2 or 10.0.0.0/24"
                ) from None
        return networks

    @field_validator("rtc_addresses")
    @classmethod
    def _are_addresses(cls, addresses: tuple[str, ...]) -> tuple[str, ...]:
        for address in addresses:
            try:
                ipaddress.ip_address(address)
            except ValueError:
                raise ValueError(
                    f"holds {address!r}, which is no address; write 203.0.113.7"
                ) from None
        return addresses

    @field_validator("turn_urls")
    @classmethod
    def _are_turn_urls(cls, urls: tuple[str, ...]) -> tuple[str, ...]:
        for url in urls:
            if not _TURN_URL.fullmatch(url):
                raise ValueError(
                    f"holds {url!r}, which is none; write turn:turn.example:3478?transport=udp"
                )
        return urls

    @field_validator("allowed_hosts")
    @classmethod
    def _are_hosts(cls, hosts: tuple[str, ...] | None) -> tuple[str, ...] | None:
        for host in hosts or ():
            if not _ALLOWED_HOST.fullmatch(host):
                raise ValueError(f"holds {host!r}, which is no name; write hearth.example")
        return hosts

    @field_validator("oauth_google_issuer", "oauth_apple_issuer")
    @classmethod
    def _is_issuer(cls, value: str) -> str:
        if not is_confidential(value, on_loopback=True) or {"?", "#"} & {*value}:
            raise ValueError(
                "is no issuer; write https://accounts.example (http only for this machine itself)"
            )
        return value

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.rtc_port + self.sfu_workers - 1 > _LAST_PORT:
            raise ValueError("HEARTH_RTC_PORT leaves too few ports for HEARTH_SFU_WORKERS")
        if (self.tls_cert is None) != (self.tls_key is None):
            raise ValueError("HEARTH_TLS_CERT and HEARTH_TLS_KEY go together: give both or neither")
        if self.master_key is not None and self.master_key_file is not None:
            raise ValueError("HEARTH_MASTER_KEY and HEARTH_MASTER_KEY_FILE: give one of them")
        if (self.admin_email is None) != (self.admin_password is None):
            raise ValueError(
                "HEARTH_ADMIN_EMAIL and HEARTH_ADMIN_PASSWORD go together: give both or neither"
            )
        if self.database_owner_url is not None and self.database_url is None:
            raise ValueError("DATABASE_OWNER_URL needs DATABASE_URL beside it")
        _check_together(
            "storage in a bucket",
            {
                "HEARTH_S3_BUCKET": self.s3_bucket,
                "HEARTH_S3_ACCESS_KEY": self.s3_access_key,
                "HEARTH_S3_SECRET_KEY": self.s3_secret_key,
            },
            is_wanted=self.s3_endpoint is not None,
        )
        # A client id alone lets people in by the token that a client of ours brings along; codes,
        # and with them the browser's way, need the rest.
        _check_together(
            "signing in with Google",
            {"HEARTH_OAUTH_GOOGLE_CLIENT_ID": self.oauth_google_client_id},
            is_wanted=self.oauth_google_client_secret is not None,
        )
        _check_together(
            "signing in with Apple",
            {
                "HEARTH_OAUTH_APPLE_TEAM_ID": self.oauth_apple_team_id,
                "HEARTH_OAUTH_APPLE_KEY_ID": self.oauth_apple_key_id,
                "HEARTH_OAUTH_APPLE_KEY_FILE": self.oauth_apple_key_file,
            },
        )
        _check_together(
            "signing in with Apple",
            {"HEARTH_OAUTH_APPLE_CLIENT_ID": self.oauth_apple_client_id},
            is_wanted=self.oauth_apple_key_file is not None,
        )
        return self

    @property
    def heartbeat_ttl(self) -> float:
        """Seconds after which a connection that gives no sign is taken as gone."""
        if self.ws_heartbeat_ttl_ms is not None:
            return self.ws_heartbeat_ttl_ms / 1000
        return self.ws_heartbeat_interval + 5

    @property
    def own_url(self) -> str:
        """Where people reach this server, as far as the configuration can tell."""
        if self.public_url is not None:
            return self.public_url
        scheme = "https" if self.tls_cert else "http"
        return f"{scheme}://localhost:{self.port}"

    @property
    def has_https_address(self) -> bool:
        """Whether everybody is to come over HTTPS, and may be told to remember it."""
        return self.public_url is not None and self.public_url.startswith("https:")


def _check_together(
    purpose: str, parts: Mapping[str, object | None], *, is_wanted: bool = False
) -> None:
    """What serves one purpose is given whole or not at all."""
    missing = [name for name, value in parts.items() if value is None]
    if missing and (is_wanted or len(missing) < len(parts)):
        raise ValueError(f"{missing[0]} is missing: {purpose} needs it")


def _is_address_of_a_house(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return (
            parts.scheme in {"http", "https"}
            and _ALLOWED_HOST.fullmatch(parts.hostname or "") is not None
            and parts.port != 0
            and not (parts.query or parts.fragment or parts.username)
        )
    except ValueError:
        return False  # a port that is none


def variable_names() -> dict[str, str]:
    """Each field of the configuration, by the variable that sets it."""
    names: dict[str, str] = {}
    for field_name, field in Configuration.model_fields.items():
        alias = field.validation_alias
        choices = alias.choices if isinstance(alias, AliasChoices) else [alias or field_name]
        for choice in choices:
            names[str(choice).upper()] = field_name
    return names


def read_configuration(**given: Any) -> Configuration:
    """Read the environment, or say in one line which variable is wrong and how to mend it.

    `given` are the command line's values, by field name; they win over the environment.
    """
    try:
        present = {name.upper() for name in (*os.environ, *dotenv_values(ENV_FILE))}
    except (OSError, UnicodeDecodeError):
        raise WrongConfiguration(f"{ENV_FILE} can't be read; it is text in UTF-8") from None
    _refuse_misspelt(present)
    try:
        configuration = Configuration(**by_variable(given))
    except ValidationError as wrong:
        raise WrongConfiguration(_in_one_line(wrong, present)) from None
    _refuse_file(configuration.data_dir)
    return configuration


def environment() -> dict[str, str]:
    """What the configuration is read from, for a plug-in that has variables of its own."""
    written = {name: value for name, value in dotenv_values(ENV_FILE).items() if value is not None}
    return {**written, **os.environ}


def _refuse_file(data_dir: Path) -> None:
    with suppress(OSError):  # what can't even be looked at shows when it is used
        for part in (data_dir, *data_dir.parents):
            if part.exists() and not part.is_dir():
                raise WrongConfiguration(
                    f"HEARTH_DATA_DIR names {part}, which is a file; name a folder"
                )


def by_variable(given: Mapping[str, Any]) -> dict[str, Any]:
    """Values given by field name, as the configuration reads them."""
    by_field = {field: name for name, field in reversed(variable_names().items())}
    return {by_field[field].lower(): value for field, value in given.items()}


def _in_one_line(wrong: ValidationError, present: Collection[str]) -> str:
    first = wrong.errors(include_url=False, include_input=False)[0]
    problem = first["msg"].removeprefix("Value error, ")
    if not first["loc"]:
        return problem
    name = _as_it_was_given(str(first["loc"][0]).upper(), present)
    return (
        f"{name} {problem}"
        if problem.startswith(("is ", "holds ", "names "))
        else f"{name}: {problem}"
    )


def _as_it_was_given(name: str, present: Collection[str]) -> str:
    """The variable by the one of its names that somebody has set."""
    fields = variable_names()
    others = (other for other in fields if fields[other] == fields.get(name) and other in present)
    return next(others, name)


def _refuse_misspelt(names: Iterable[str]) -> None:
    """Stop at a variable that is almost one of ours.

    Others that begin alike are let be: orchestrators and people put their own beside ours.
    """
    known = variable_names()
    for name in sorted(names):
        if not name.startswith("HEARTH_") or name in known:
            continue
        for meant in difflib.get_close_matches(name, known, n=1, cutoff=0.9):
            raise WrongConfiguration(f"{name} is not known; is {meant} meant?")
