"""An authority of the house's own, and the certificate that it gives this server.

Whoever trusts an authority believes it of every site that it names, so this one is bound (RFC 5280,
4.2.1.10): it can vouch for names and addresses at home and for the server's own, and browsers
believe it of nothing else. A stolen key opens the house, and no bank.

Nothing here reads a clock, a file or the network; `api/self_signed.py` does.
"""

import ipaddress
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Self

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network
# A host's name in lower case, or an address: by what a server can be called.
Name = str | IPAddress

AUTHORITY_LASTS = timedelta(days=3650)
# Browsers refuse what was made out for longer than 398 days.
CERTIFICATE_LASTS = timedelta(days=397)
_RENEWED_BEFORE = timedelta(days=30)
# Clocks of phones and little boards differ; what was made just now must hold on all of them.
_CLOCKS_DIFFER = timedelta(days=1)

_HOME_NAMES = ("localhost", "local")
_HOME_NETWORKS = tuple(
    ipaddress.ip_network(network)
    for network in (
        "127.0.0.0/8",
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "169.254.0.0/16",
        "100.64.0.0/10",  # what WireGuard-like networks and providers give to homes
        "::1/128",
        "fc00::/7",
        "fe80::/10",
    )
)
_COMMON_NAME_LENGTH = 64
_SIGNED_WITH = hashes.SHA256()


class Damaged(ValueError):
    """The text is not a certificate with its key."""


@dataclass(frozen=True, slots=True)
class _Credential:
    """A certificate and its key, kept together in one text, so that they are replaced as one."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey = field(repr=False)

    @classmethod
    def read(cls, pem: bytes) -> Self:
        try:
            certificate = x509.load_pem_x509_certificate(pem)
            key = serialization.load_pem_private_key(pem, password=None)
        except (ValueError, TypeError):
            raise Damaged from None
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise Damaged
        if key.public_key() != certificate.public_key():
            raise Damaged
        return cls(certificate, key)

    @property
    def pem(self) -> bytes:
        key = self.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        return key + self.certificate.public_bytes(serialization.Encoding.PEM)

    def is_current(self, now: datetime) -> bool:
        """Whether it holds now and for long enough not to think of it."""
        begins = self.certificate.not_valid_before_utc
        ends = self.certificate.not_valid_after_utc
        return begins <= now < ends - _RENEWED_BEFORE


class ServerCertificate(_Credential):
    @property
    def names(self) -> frozenset[Name]:
        alternatives = self.certificate.extensions.get_extension_for_class(
            x509.SubjectAlternativeName
        ).value
        hosts = alternatives.get_values_for_type(x509.DNSName)
        addresses = alternatives.get_values_for_type(x509.IPAddress)
        return frozenset((*hosts, *(address for address in addresses if _is_address(address))))


class CertificateAuthority(_Credential):
    @classmethod
    def make(cls, house: str, names: Iterable[Name], now: datetime) -> Self:
        """An authority for names and addresses at home, and for these, wherever they are."""
        key = _make_key()
        subject = x509.Name(
            [
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Hearth"),
                x509.NameAttribute(
                    NameOID.COMMON_NAME, f"Hearth on {house}"[:_COMMON_NAME_LENGTH]
                ),
            ]
        )
        public = key.public_key()
        certificate = (
            _certificate(subject, subject, public, now, until=now + AUTHORITY_LASTS)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_key_usage(signs_certificates=True), critical=True)
            .add_extension(_bounds(names), critical=True)
            .sign(key, _SIGNED_WITH)
        )
        return cls(certificate, key)

    @property
    def der(self) -> bytes:
        """The certificate alone, as phones take it in."""
        return self.certificate.public_bytes(serialization.Encoding.DER)

    @property
    def fingerprint(self) -> str:
        """SHA-256, written as phones show it."""
        return self.certificate.fingerprint(hashes.SHA256()).hex(":").upper()

    def vouches_for(self, name: Name) -> bool:
        permitted = self.certificate.extensions.get_extension_for_class(
            x509.NameConstraints
        ).value.permitted_subtrees
        return any(_is_within(name, subtree.value) for subtree in permitted or ())

    def issue(self, names: Collection[Name], now: datetime) -> ServerCertificate:
        key = _make_key()
        alternatives = [_general_name(name) for name in sorted(names, key=str)]
        subject = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Hearth")])
        until = min(now + CERTIFICATE_LASTS, self.certificate.not_valid_after_utc)
        certificate = (
            _certificate(subject, self.certificate.subject, key.public_key(), now, until=until)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(signs_certificates=False), critical=True)
            .add_extension(
                x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False
            )
            .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()),
                critical=False,
            )
            .sign(self.key, _SIGNED_WITH)
        )
        return ServerCertificate(certificate, key)

    def has_issued(self, issued: ServerCertificate) -> bool:
        try:
            issued.certificate.verify_directly_issued_by(self.certificate)
        except (InvalidSignature, ValueError):
            return False
        return True
