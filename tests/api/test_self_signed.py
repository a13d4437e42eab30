"""What `--tls-self-signed` keeps, when it makes it anew, and what it says when it can't."""

import ipaddress
import socket
import stat
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest
from sqlalchemy.engine import make_url

from api import machine
from api.configuration import Configuration
from api.failure import WrongConfiguration
from api.self_signed import TlsFolder, self_signed
from api.tls import AUTHORITY_LASTS, CERTIFICATE_LASTS, RENEWED_BEFORE, Name, ServerCertificate
from tests.support.clock import START
from tests.support.program import run
from tests.support.server import configure

HOME: frozenset[Name] = frozenset({"localhost", ipaddress.ip_address("192.168.1.5")})
MOVED: frozenset[Name] = frozenset({"localhost", ipaddress.ip_address("192.168.7.7")})
ABROAD = ipaddress.ip_address("203.0.113.7")


@pytest.fixture
def folder(tmp_path: Path) -> TlsFolder:
    return TlsFolder(tmp_path / "data" / "tls")


def kept(folder: TlsFolder) -> ServerCertificate:
    return ServerCertificate.read(folder.server.read_bytes())


def test_only_the_owner_can_look_at_what_is_kept(folder: TlsFolder) -> None:
    folder.certify(HOME, START)
    parent = folder.server.parent
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (parent, *parent.iterdir())}
    assert modes == {"tls": 0o700, "authority.pem": 0o600, "server.pem": 0o600}


def test_the_next_start_keeps_both(folder: TlsFolder) -> None:
    folder.certify(HOME, START)
    before = folder.authority.read_bytes(), folder.server.read_bytes()
    folder.certify(HOME, START + timedelta(days=300))
    assert (folder.authority.read_bytes(), folder.server.read_bytes()) == before


@pytest.mark.parametrize(
    ("names", "later"),
    [
        (HOME, CERTIFICATE_LASTS - RENEWED_BEFORE),
        (HOME, timedelta(days=-2)),
        (MOVED, timedelta(0)),
    ],
    ids=["its end is near", "it has not begun", "the address is another"],
)
def test_a_certificate_that_will_not_do_is_made_anew_by_the_same_authority(
    folder: TlsFolder, names: frozenset[Name], later: timedelta
) -> None:
    authority = folder.certify(HOME, START)
    before = kept(folder)
    assert folder.certify(names, START + later).fingerprint == authority.fingerprint
    assert kept(folder).certificate != before.certificate
    assert kept(folder).names == names
    assert authority.has_issued(kept(folder))


def test_an_address_that_is_away_for_a_while_costs_no_new_certificate(folder: TlsFolder) -> None:
    folder.certify(HOME, START)
    before = kept(folder).pem
    folder.certify(frozenset({"localhost"}), START)
    assert kept(folder).pem == before


def test_a_name_that_the_authority_may_not_vouch_for_is_left_out(folder: TlsFolder) -> None:
    folder.certify(HOME, START)
    folder.certify(HOME | {ABROAD}, START)
    assert kept(folder).names == HOME


def test_an_authority_at_its_end_is_followed_by_another(folder: TlsFolder) -> None:
    first = folder.certify(HOME, START)
    second = folder.certify(HOME, START + AUTHORITY_LASTS - RENEWED_BEFORE)
    assert second.fingerprint != first.fingerprint
    assert second.has_issued(kept(folder))


def test_a_damaged_certificate_is_made_anew(folder: TlsFolder) -> None:
    authority = folder.certify(HOME, START)
    folder.server.write_bytes(b"\0" * 100)
    folder.certify(HOME, START)
    assert authority.has_issued(kept(folder))


def test_a_certificate_of_another_authority_is_made_anew(folder: TlsFolder) -> None:
    folder.certify(HOME, START)
    folder.authority.unlink()
    assert folder.certify(HOME, START).has_issued(kept(folder))


def test_a_damaged_authority_is_left_for_its_owner_to_decide(folder: TlsFolder) -> None:
    folder.certify(HOME, START)
    folder.authority.write_bytes(b"\0" * 100)
    with pytest.raises(WrongConfiguration) as refused:
        folder.certify(HOME, START)
    assert str(folder.authority) in str(refused.value)
    assert folder.authority.read_bytes() == b"\0" * 100


def test_a_write_that_fails_leaves_what_was_there(
    folder: TlsFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.certify(HOME, START)
    before = {path: path.read_bytes() for path in folder.server.parent.iterdir()}

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(WrongConfiguration, match="No space left on device"):
        folder.certify(MOVED, START)
    assert {path: path.read_bytes() for path in folder.server.parent.iterdir()} == before


def configuration(data_dir: Path, **given: object) -> Configuration:
    return configure(make_url("postgresql+aiopg://nobody"), data_dir, **given)


def test_the_certificate_names_the_machine_and_the_public_url(tmp_path: Path) -> None:
    public = configuration(tmp_path, public_url="https://Hearth.Example:8443/")
    made = self_signed(public, START)
    names = ServerCertificate.read(made.server.read_bytes()).names
    assert {"localhost", "hearth.example", machine.mdns_name()} <= names
    assert {ipaddress.ip_address("127.0.0.1")} <= names
    assert made.trust_page == "https://Hearth.Example:8443/app/trust"


@pytest.mark.parametrize(
    ("host", "page"),
    [
        ("192.168.1.5", "https://192.168.1.5:8080/app/trust"),
        ("::1", "https://[::1]:8080/app/trust"),
        ("kitchen.local", "https://kitchen.local:8080/app/trust"),
    ],
)
def test_phones_are_sent_to_where_the_server_listens(tmp_path: Path, host: str, page: str) -> None:
    assert self_signed(configuration(tmp_path, host=host), START).trust_page == page


def test_or_to_the_address_on_the_network_at_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.self_signed.address_at_home", lambda: "192.168.1.5")
    page = self_signed(configuration(tmp_path), START).trust_page
    assert page == "https://192.168.1.5:8080/app/trust"


def test_a_public_url_that_the_authority_may_not_vouch_for_stops_the_start(tmp_path: Path) -> None:
    self_signed(configuration(tmp_path), START)
    with pytest.raises(WrongConfiguration, match=r"authority\.pem .* hearth\.example"):
        self_signed(configuration(tmp_path, public_url="https://hearth.example"), START)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"public_url": "http://hearth.example"}, "HEARTH_PUBLIC_URL"),
        ({"tls_cert": Path("cert.pem"), "tls_key": Path("key.pem")}, "HEARTH_TLS_CERT"),
        ({"public_url": f"https://{'x' * 64}.example"}, "no certificate can name"),
    ],
)
def test_what_contradicts_it_stops_the_start(
    tmp_path: Path, given: dict[str, object], words: str
) -> None:
    with pytest.raises(WrongConfiguration, match=words):
        self_signed(configuration(tmp_path, **given), START)
    assert not (tmp_path / "tls").exists()


def test_every_address_of_the_machine_is_one_of_its_names(monkeypatch: pytest.MonkeyPatch) -> None:
    def entry(family: int, address: str) -> SimpleNamespace:
        return SimpleNamespace(family=family, address=address)

    interfaces = {
        "lo": [entry(socket.AF_INET, "127.0.0.1"), entry(socket.AF_INET6, "::1")],
        "eth0": [
            entry(socket.AF_INET, "192.168.1.5"),
            entry(socket.AF_INET6, "fd00::5"),
            # No URL can hold a zone, and this is none without one.
            entry(socket.AF_INET6, "fe80::5%eth0"),
            entry(socket.AF_PACKET, "02:00:00:00:00:01"),
        ],
    }
    monkeypatch.setattr(psutil, "net_if_addrs", lambda: interfaces)
    monkeypatch.setattr(socket, "gethostname", lambda: "Kitchen.fritz.box")
    assert {str(name) for name in machine.own_names()} == {
        "localhost",
        "kitchen.fritz.box",
        "kitchen.local",
        "127.0.0.1",
        "::1",
        "192.168.1.5",
        "fd00::5",
    }


def test_a_host_name_that_no_certificate_can_hold_is_passed_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: "x" * 64)
    assert "localhost" in set(machine.own_names())


async def test_the_command_says_what_is_wrong_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "tls").mkdir()
    (tmp_path / "tls" / "authority.pem").write_text("nonsense")
    ended = await run("serve", "--tls-self-signed", "--data-dir", tmp_path, cwd=tmp_path)
    assert ended.code == 2
    assert ended.errors.count("\n") == 1
    assert "authority.pem is damaged" in ended.errors
