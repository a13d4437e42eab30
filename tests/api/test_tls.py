"""The authority of the house's own: what it vouches for, for how long, and for what it can't."""

import ipaddress
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from api.tls import (
    AUTHORITY_LASTS,
    CERTIFICATE_LASTS,
    RENEWED_BEFORE,
    CertificateAuthority,
    Damaged,
    Name,
    ServerCertificate,
)

# OpenSSL holds certificates against the real time, so these are made out now.
NOW = datetime.now(UTC)
V4 = ipaddress.IPv4Address
V6 = ipaddress.IPv6Address
NAMES: tuple[Name, ...] = (
    "localhost",
    "kitchen",
    "kitchen.local",
    "hearth.example",
    V4("127.0.0.1"),
    V4("192.168.1.5"),
    V4("203.0.113.7"),
    V6("::1"),
    V6("fd00::2"),
    V6("2001:db8:1:2::3"),
)


@pytest.fixture(scope="module")
def authority() -> CertificateAuthority:
    return CertificateAuthority.make("kitchen", NAMES, NOW)


def shake_hands(
    server: ServerCertificate, authority: CertificateAuthority, name: str, folder: Path
) -> str | None:
    """A whole TLS handshake, in memory; gives what was agreed on, once the client is convinced."""
    (folder / "server.pem").write_bytes(server.pem)
    theirs = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    theirs.load_cert_chain(folder / "server.pem")
    ours = ssl.create_default_context(cadata=authority.der)
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = ours.wrap_bio(down, up, server_hostname=name)
    host = theirs.wrap_bio(up, down, server_side=True)
    waiting = [client, host]
    while waiting:
        side = waiting.pop(0)
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            waiting.append(side)
    return client.version()


@pytest.mark.parametrize("name", NAMES, ids=str)
def test_who_trusts_the_authority_believes_the_server_by_each_of_its_names(
    authority: CertificateAuthority, tmp_path: Path, name: Name
) -> None:
    server = authority.issue(NAMES, NOW)
    assert shake_hands(server, authority, str(name), tmp_path) == "TLSv1.3"


@pytest.mark.parametrize("name", ["attic.local", "192.168.1.6", "::2"])
def test_and_by_no_other(authority: CertificateAuthority, tmp_path: Path, name: str) -> None:
    server = authority.issue(NAMES, NOW)
    with pytest.raises(ssl.SSLCertVerificationError, match="match"):
        shake_hands(server, authority, name, tmp_path)


def test_who_trusts_another_authority_does_not_believe_it(
    authority: CertificateAuthority, tmp_path: Path
) -> None:
    another = CertificateAuthority.make("kitchen", NAMES, NOW)
    server = authority.issue(NAMES, NOW)
    assert not another.has_issued(server)
    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(server, another, "localhost", tmp_path)


@pytest.mark.parametrize(
    "name",
    [
        "bank.example",
        "example",
        "localhost.example",
        "notlocal",
        V4("198.51.100.1"),
        V6("2001:db8::1"),
        V6("::2"),
    ],
    ids=str,
)
def test_a_stolen_key_vouches_for_nothing_outside_the_house(
    authority: CertificateAuthority, tmp_path: Path, name: Name
) -> None:
    assert not authority.may_vouch_for(name)
    server = authority.issue([name], NOW)
    with pytest.raises(ssl.SSLCertVerificationError, match="permitted subtree violation"):
        shake_hands(server, authority, str(name), tmp_path)


@pytest.mark.parametrize(
    "name",
    [
        *NAMES,
        "attic.local",
        V4("10.9.8.7"),
        V4("172.20.10.2"),
        V4("100.101.102.103"),
        V6("fd12:3456::9"),
        V6("2001:db8:1:2:ffff::9"),  # another address in a network of its own
    ],
    ids=str,
)
def test_it_may_vouch_for_what_is_at_home(authority: CertificateAuthority, name: Name) -> None:
    assert authority.may_vouch_for(name)


def test_a_certificate_names_what_was_asked_and_cannot_sign_others(
    authority: CertificateAuthority,
) -> None:
    server = authority.issue(NAMES, NOW)
    assert server.names == set(NAMES)
    assert authority.has_issued(server)
    extensions = server.certificate.extensions
    assert extensions.get_extension_for_class(x509.BasicConstraints).value.ca is False
    assert extensions.get_extension_for_class(x509.KeyUsage).value.key_cert_sign is False


def test_no_certificate_lasts_longer_than_browsers_allow_or_than_its_authority(
    authority: CertificateAuthority,
) -> None:
    made = authority.issue(NAMES, NOW).certificate
    assert made.not_valid_after_utc - made.not_valid_before_utc == CERTIFICATE_LASTS
    assert timedelta(days=398) > CERTIFICATE_LASTS
    late = NOW + AUTHORITY_LASTS - timedelta(days=60)
    last = authority.issue(NAMES, late).certificate
    assert last.not_valid_after_utc == authority.certificate.not_valid_after_utc


def test_it_holds_for_a_clock_that_is_behind(authority: CertificateAuthority) -> None:
    server = authority.issue(NAMES, NOW)
    assert server.has_begun(NOW - timedelta(hours=23))
    assert not server.has_begun(NOW - timedelta(hours=25))


def test_its_end_is_seen_a_month_before(authority: CertificateAuthority) -> None:
    server = authority.issue(NAMES, NOW)
    soon = server.certificate.not_valid_after_utc - RENEWED_BEFORE
    assert not server.ends_soon(soon - timedelta(seconds=1))
    assert server.ends_soon(soon)


def test_what_is_written_is_read_back(authority: CertificateAuthority) -> None:
    assert CertificateAuthority.read(authority.pem).fingerprint == authority.fingerprint
    server = authority.issue(NAMES, NOW)
    assert ServerCertificate.read(server.pem).pem == server.pem


def mixed(one: bytes, other: bytes) -> bytes:
    """The key of one with the certificate of another."""
    cut = b"-----BEGIN CERTIFICATE"
    return one.partition(cut)[0] + cut + other.partition(cut)[2]


def test_what_is_no_certificate_with_its_key_is_damaged(authority: CertificateAuthority) -> None:
    server = authority.issue(NAMES, NOW)
    for text in (
        b"",
        b"\0" * 100,
        authority.pem[:-200],
        authority.pem[200:],
        authority.pem.replace(b"MII", b"MIJ"),
        server.pem,
        mixed(server.pem, authority.pem),
    ):
        with pytest.raises(Damaged):
            CertificateAuthority.read(text)
    with pytest.raises(Damaged):
        ServerCertificate.read(authority.pem)


def test_the_fingerprint_is_the_certificate_s(authority: CertificateAuthority) -> None:
    certificate = x509.load_der_x509_certificate(authority.der)
    digest = certificate.fingerprint(hashes.SHA256())
    assert bytes.fromhex(authority.fingerprint.replace(":", "")) == digest


def test_what_phones_get_and_what_is_printed_hold_no_key(authority: CertificateAuthority) -> None:
    secret = authority.key.private_numbers().private_value.to_bytes(32, "big")
    assert secret not in authority.der
    assert "PrivateKey" not in repr(authority)


def test_keys_are_small_and_never_the_same(authority: CertificateAuthority) -> None:
    servers = [authority.issue(NAMES, NOW) for _ in range(2)]
    keys = {credential.key.private_numbers().private_value for credential in (authority, *servers)}
    assert len(keys) == 3
    assert all(isinstance(server.key.curve, ec.SECP256R1) for server in servers)


def test_a_long_name_of_the_house_is_cut() -> None:
    long = CertificateAuthority.make("k" * 200, ["localhost"], NOW)
    assert long.certificate.subject.rfc4514_string().startswith("CN=Hearth on kkk")
