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
from typing import ClassVar, Self

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network
# By what a server can be called: a host's name in lower case, or an address.
Name = str | IPAddress

AUTHORITY_LASTS = timedelta(days=3650)
# Browsers may refuse what was made out for longer than 398 days.
CERTIFICATE_LASTS = timedelta(days=397)
RENEWED_BEFORE = timedelta(days=30)
# Clocks of phones and small boards differ; what is made now must hold on all of them.
_CLOCKS_DIFFER = timedelta(days=1)

_AT_HOME: tuple[str | IPNetwork, ...] = (
    "localhost",
    "local",
    ipaddress.ip_network("127.0.0.0/8"),
    ipaddress.ip_network("10.0.0.0/8"),
    ipaddress.ip_network("172.16.0.0/12"),
    ipaddress.ip_network("192.168.0.0/16"),
    ipaddress.ip_network("169.254.0.0/16"),
    ipaddress.ip_network("100.64.0.0/10"),  # RFC 6598: where private overlay networks live
    ipaddress.ip_network("::1/128"),
    ipaddress.ip_network("fc00::/7"),
)
_LONGEST_COMMON_NAME = 64
_HASH = hashes.SHA256()


class Damaged(ValueError):
    """The text is no certificate with its key."""


@dataclass(frozen=True, slots=True)
class _Credential:
    """A certificate and its key, written as one text so that they are replaced as one."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey = field(repr=False)

    # What tells the two kinds apart, and where each holds its names.
    _names_stand_in: ClassVar[type[x509.ExtensionType]]

    @classmethod
    def read(cls, pem: bytes) -> Self:
        try:
            certificate = x509.load_pem_x509_certificate(pem)
            certificate.extensions.get_extension_for_class(cls._names_stand_in)
            key = serialization.load_pem_private_key(pem, password=None)
        except (ValueError, TypeError, x509.ExtensionNotFound):
            raise Damaged from None
        if (
            not isinstance(key, ec.EllipticCurvePrivateKey)
            or key.public_key() != certificate.public_key()
        ):
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

    def has_begun(self, now: datetime) -> bool:
        return self.certificate.not_valid_before_utc <= now

    def ends_soon(self, now: datetime) -> bool:
        return self.certificate.not_valid_after_utc - RENEWED_BEFORE <= now


class ServerCertificate(_Credential):
    _names_stand_in = x509.SubjectAlternativeName

    @property
    def names(self) -> frozenset[Name]:
        alternatives = self.certificate.extensions.get_extension_for_class(
            x509.SubjectAlternativeName
        )
        return frozenset(name.value for name in alternatives.value)


class CertificateAuthority(_Credential):
    _names_stand_in = x509.NameConstraints

    @classmethod
    def make(cls, house: str, names: Iterable[Name], now: datetime) -> Self:
        """For all that is at home, and for these names and addresses wherever they are."""
        subject = _distinguished_name(f"Hearth on {house}"[:_LONGEST_COMMON_NAME])
        elsewhere = {_neighbourhood(name) for name in names if not _is_within_any(name, _AT_HOME)}
        bounds = [_general_name(bound) for bound in (*_AT_HOME, *sorted(elsewhere, key=str))]
        constraints = x509.NameConstraints(permitted_subtrees=bounds, excluded_subtrees=None)
        key = _make_key()
        certificate = (
            _certificate(key.public_key(), subject, issuer=subject, now=now)
            .not_valid_after(now + AUTHORITY_LASTS)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(signs_certificates=True), critical=True)
            .add_extension(constraints, critical=True)
            .sign(key, _HASH)
        )
        return cls(certificate, key)

    @property
    def der(self) -> bytes:
        """The certificate alone, as phones take it in."""
        return self.certificate.public_bytes(serialization.Encoding.DER)

    @property
    def fingerprint(self) -> str:
        """SHA-256, written as phones show it."""
        return self.certificate.fingerprint(_HASH).hex(":").upper()

    def may_vouch_for(self, name: Name) -> bool:
        constraints = self.certificate.extensions.get_extension_for_class(x509.NameConstraints)
        return _is_within_any(name, [b.value for b in constraints.value.permitted_subtrees or ()])

    def issue(self, names: Collection[Name], now: datetime) -> ServerCertificate:
        alternatives = x509.SubjectAlternativeName(
            [_general_name(name) for name in sorted(names, key=str)]
        )
        ends = min(_begins(now) + CERTIFICATE_LASTS, self.certificate.not_valid_after_utc)
        key = _make_key()
        certificate = (
            _certificate(
                key.public_key(),
                _distinguished_name("Hearth"),
                issuer=self.certificate.subject,
                now=now,
            )
            .not_valid_after(ends)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(signs_certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(alternatives, critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()),
                critical=False,
            )
            .sign(self.key, _HASH)
        )
        return ServerCertificate(certificate, key)

    def has_issued(self, server: ServerCertificate) -> bool:
        try:
            server.certificate.verify_directly_issued_by(self.certificate)
        except (InvalidSignature, ValueError):
            return False
        return True


def _certificate(
    key: ec.EllipticCurvePublicKey, subject: x509.Name, *, issuer: x509.Name, now: datetime
) -> x509.CertificateBuilder:
    """What both kinds have in common."""
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(_begins(now))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _make_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def _begins(now: datetime) -> datetime:
    return now - _CLOCKS_DIFFER


def _distinguished_name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _neighbourhood(name: Name) -> str | IPNetwork:
    """What an authority that knows this name today may vouch for tomorrow.

    Of an IPv6 network that is all of it: a host's own half of the address changes by the day.
    """
    match name:
        case str():
            return name
        case ipaddress.IPv4Address():
            return ipaddress.IPv4Network(name)
        case ipaddress.IPv6Address():
            return ipaddress.IPv6Network((name, 64), strict=False)


def _is_within_any(name: Name, bounds: Iterable[str | IPNetwork]) -> bool:
    return any(_is_within(name, bound) for bound in bounds)


def _is_within(name: Name, bound: str | IPNetwork) -> bool:
    if isinstance(name, str):
        return isinstance(bound, str) and (name == bound or name.endswith(f".{bound}"))
    return not isinstance(bound, str) and name in bound


def _general_name(name: Name | IPNetwork) -> x509.GeneralName:
    return x509.DNSName(name) if isinstance(name, str) else x509.IPAddress(name)
