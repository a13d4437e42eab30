"""TLS for a house that has no certificate from elsewhere: `hearth serve --tls-self-signed`.

Kept in the data folder, for its owner's eyes only:

    tls/authority.pem   the authority that phones come to trust: made once, it only signs
    tls/server.pem      the certificate that it gave this server, made anew when one is needed
"""

import os
import socket
import tempfile
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from api.configuration import Configuration
from api.failure import WrongConfiguration
from api.machine import address_at_home, as_name, own_names
from api.tls import CertificateAuthority, Damaged, Name, ServerCertificate

_EVERY_ADDRESS = {"", "0.0.0.0", "::"}  # noqa: S104 - compared with, not listened on


@dataclass(frozen=True, slots=True)
class SelfSigned:
    # The server's certificate and its key, in one file.
    server: Path
    # The authority's certificate alone, as phones take it in.
    authority: bytes
    fingerprint: str
    trust_page: str


def self_signed(configuration: Configuration, now: datetime) -> SelfSigned:
    """Make sure of a certificate for all that this server is called."""
    if configuration.tls_cert is not None:
        raise WrongConfiguration("HEARTH_TLS_CERT and --tls-self-signed: give one of them")
    if configuration.public_url is not None and not configuration.has_https_address:
        raise WrongConfiguration("HEARTH_PUBLIC_URL: with --tls-self-signed it begins with https:")
    url = configuration.public_url or _url_at_home(configuration)
    name = _name_in(url)
    folder = TlsFolder(configuration.data_dir / "tls")
    authority = folder.certify(frozenset((name, *own_names())), now)
    if not authority.may_vouch_for(name):
        raise WrongConfiguration(
            f"{folder.authority} was made before this server was called {name}; remove it, and let"
            " the phones trust a new authority"
        )
    return SelfSigned(folder.server, authority.der, authority.fingerprint, f"{url}/app/trust")


def _url_at_home(configuration: Configuration) -> str:
    host = address_at_home() if configuration.host in _EVERY_ADDRESS else configuration.host
    return f"https://{f'[{host}]' if ':' in host else host}:{configuration.port}"


def _name_in(url: str) -> Name:
    try:
        return as_name(urlsplit(url).hostname or "")
    except ValueError:
        raise WrongConfiguration(f"no certificate can name the host of {url}") from None


class TlsFolder:
    """Where authority and certificate are kept."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.authority = path / "authority.pem"
        self.server = path / "server.pem"

    def certify(self, names: Collection[Name], now: datetime) -> CertificateAuthority:
        """Keep a certificate for these names; gives the authority behind it.

        Names that the authority may not vouch for are left out: with one of those in it, the whole
        certificate would be refused.
        """
        try:
            self._path.mkdir(parents=True, exist_ok=True)
            self._path.chmod(0o700)
            authority = self._authority(names, now)
            self._renew(authority, frozenset(filter(authority.may_vouch_for, names)), now)
        except OSError as error:
            raise WrongConfiguration(
                f"certificates can't be kept in {self._path}: {error.strerror}"
            ) from None
        return authority

    def _authority(self, names: Collection[Name], now: datetime) -> CertificateAuthority:
        with suppress(FileNotFoundError):
            kept = self._read_authority()
            # One that has not begun is kept: that is a clock which is wrong, now or then, and a new
            # authority would cost every phone its trust.
            if not kept.ends_soon(now):
                return kept
        made = CertificateAuthority.make(socket.gethostname(), names, now)
        _write(self.authority, made.pem)
        return made

    def _read_authority(self) -> CertificateAuthority:
        try:
            return CertificateAuthority.read(self.authority.read_bytes())
        except Damaged:
            raise WrongConfiguration(
                f"{self.authority} is damaged; bring it back from a backup, or remove it and let"
                " the phones trust a new authority"
            ) from None

    def _renew(
        self, authority: CertificateAuthority, names: frozenset[Name], now: datetime
    ) -> None:
        # Nobody trusts this one by itself: where it is missing or damaged, it is made anew.
        with suppress(FileNotFoundError, Damaged):
            kept = ServerCertificate.read(self.server.read_bytes())
            is_current = kept.has_begun(now) and not kept.ends_soon(now)
            # A name too many does no harm: an address that is away for a while costs nothing.
            if is_current and kept.names >= names and authority.has_issued(kept):
                return
        _write(self.server, authority.issue(names, now).pem)


def _write(path: Path, content: bytes) -> None:
    """All of it or nothing, whenever the power goes; for the owner alone."""
    handle, name = tempfile.mkstemp(prefix=f"{path.name}.", dir=path.parent)
    draft = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
