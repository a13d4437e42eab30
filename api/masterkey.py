"""Where the master key is kept, and where a new one goes."""

import asyncio
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Protocol, TypeVar

from api.configuration import Configuration, environment
from api.failure import Failed, WrongConfiguration
from store import master_keys
from store.database import Database
from store.key_service import KeyService, Succession
from store.master_key import KeyProvider, LocalMasterKey, NoMasterKey
from store.master_key_file import MasterKeyFile

T = TypeVar("T")


class Home(Protocol):
    """Where the master key is kept."""

    @property
    def takes_a_key(self) -> bool:
        """Whether a new key is given by whoever rotates. A key service has its own."""

    @property
    def keeps_it(self) -> bool:
        """Whether a new key is put in its place here. Otherwise whoever rotates has to see it."""

    async def provider(self, db: Database) -> KeyProvider:
        """The key that is kept here; for a new database it is made, where that is possible."""

    async def lay_out(self, new: LocalMasterKey) -> None:
        """Find out what is in the new key's way, before anything is changed."""

    async def put_in_place(self) -> None:
        """Let servers that start from now on find the new key."""

    @property
    def what_is_left(self) -> str:
        """What whoever rotates has to do then."""


class InEnvironment:
    takes_a_key = True
    keeps_it = False
    what_is_left = (
        "give the new key to each server as HEARTH_MASTER_KEY before its next start; those that run"
        " have it already"
    )

    def __init__(self, key: LocalMasterKey) -> None:
        self._key = key

    async def read(self) -> LocalMasterKey:
        return self._key

    async def provider(self, db: Database) -> KeyProvider:
        return self._key

    async def lay_out(self, new: LocalMasterKey) -> None:
        """An environment is nobody's to change but its owner's."""

    async def put_in_place(self) -> None:
        """Likewise."""


class InFile:
    takes_a_key = True
    keeps_it = True

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = MasterKeyFile(path)

    @property
    def what_is_left(self) -> str:
        return (
            f"{self._path} holds the new key; servers elsewhere need it before their next start,"
            " those that run have it already"
        )

    async def read(self) -> LocalMasterKey:
        key = await self._asked(self._file.read)
        if key is None:
            raise WrongConfiguration(
                f"the master key is missing at {self._path}, and what it sealed does not open"
                " without it; put it back"
            )
        return key

    async def provider(self, db: Database) -> KeyProvider:
        if await self._asked(self._file.read) is None and await _is_new(db):
            return await self._asked(self._file.make)
        return await self.read()

    async def lay_out(self, new: LocalMasterKey) -> None:
        await self._asked(lambda: self._file.draft(new))

    async def put_in_place(self) -> None:
        try:
            await asyncio.to_thread(self._file.replace)
        except OSError as error:
            # A file that is mounted by itself, for one.
            raise Failed(
                f"{self._path} can't be replaced ({error.strerror}): copy {self._path}.new into it"
                " and run this again; until then the old and the new key both open everything"
            ) from None

    async def _asked(self, work: Callable[[], T]) -> T:
        try:
            return await asyncio.to_thread(work)
        except NoMasterKey:
            raise WrongConfiguration(
                f"{self._path} holds no master key: 32 bytes in base64"
            ) from None
        except OSError as error:
            raise WrongConfiguration(
                f"the master key at {self._path} can't be read or written: {error.strerror}"
            ) from None


class InService:
    takes_a_key = False
    keeps_it = True
    what_is_left = "HEARTH_MASTER_KEY and HEARTH_MASTER_KEY_FILE are not needed any more"

    def __init__(self, factory: str, before: InEnvironment | InFile | None) -> None:
        """`before` is where the key was kept until there was a service."""
        self._factory = factory
        self._before = before

    async def provider(self, db: Database) -> KeyProvider:
        service = KeyService(await asyncio.to_thread(_plug_in, self._factory))
        if self._before is None:
            return service
        return Succession(service, await self._before.read())

    async def lay_out(self, new: LocalMasterKey) -> None:
        """A service's keys never come here."""

    async def put_in_place(self) -> None:
        """Likewise."""


def home_of(configuration: Configuration) -> Home:
    if configuration.key_provider is not None:
        return InService(configuration.key_provider, _given(configuration))
    return _given(configuration) or InFile(configuration.data_dir / "master.key")


def _given(configuration: Configuration) -> InEnvironment | InFile | None:
    if configuration.master_key is not None:
        return InEnvironment(LocalMasterKey(configuration.master_key.get_secret_value()))
    if configuration.master_key_file is not None:
        return InFile(configuration.master_key_file)
    return None


async def _is_new(db: Database) -> bool:
    """Whether a key may be made for it: one more would open nothing, and hide that one is lost."""
    async with db.read() as reading:
        return await master_keys.current(reading) is None


def _plug_in(name: str) -> KeyProvider:
    module, _, factory = name.partition(":")
    try:
        provider = getattr(import_module(module), factory)(environment())
    except Exception as error:  # noqa: BLE001 - somebody else's code may raise anything
        # Of other errors the kind alone: their words may hold what the plug-in was given.
        is_about_names = isinstance(error, ImportError | AttributeError)
        reason = " ".join(str(error).split()) if is_about_names else type(error).__name__
        raise WrongConfiguration(
            f"HEARTH_KEY_PROVIDER: {name} can't be loaded ({reason})"
        ) from None
    if not isinstance(provider, KeyProvider):
        raise WrongConfiguration(f"HEARTH_KEY_PROVIDER: what {name} makes is no key provider")
    return provider
