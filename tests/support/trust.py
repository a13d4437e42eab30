"""A home in which Chromium trusts an authority, as somebody does who has installed it.

What its user trusts Chromium reads from an NSS database. It is written here by the library that
Chromium itself brings along, so there is no other program to install.
"""

import ctypes
from pathlib import Path

_OK = 0
# CERTDB_VALID_CA and CERTDB_TRUSTED_CA (NSS, `certdb.h`): "C" in the words of `certutil`.
_AUTHORITY = 1 << 3 | 1 << 4
_NO_OBJECT = 0  # CK_INVALID_HANDLE: the certificate comes without its key


class _Item(ctypes.Structure):
    _fields_ = (("type", ctypes.c_int), ("data", ctypes.c_char_p), ("len", ctypes.c_uint))


class _Trust(ctypes.Structure):
    _fields_ = (("ssl", ctypes.c_uint), ("email", ctypes.c_uint), ("signing", ctypes.c_uint))


def make_trusting_home(home: Path, authority: bytes) -> None:
    """Let whoever lives in `home` trust this certificate (DER) to vouch for websites."""
    nss = ctypes.CDLL("libnss3.so")
    for returns_pointer in (
        nss.CERT_GetDefaultCertDB,
        nss.CERT_NewTempCertificate,
        nss.PK11_GetInternalKeySlot,
    ):
        returns_pointer.restype = ctypes.c_void_p

    folder = home / ".pki" / "nssdb"
    folder.mkdir(parents=True)
    _check(nss.NSS_InitReadWrite(f"sql:{folder}".encode()))
    try:
        slot = ctypes.c_void_p(nss.PK11_GetInternalKeySlot())
        database = ctypes.c_void_p(nss.CERT_GetDefaultCertDB())
        _check(nss.PK11_InitPin(slot, None, b""))
        item = _Item(0, authority, len(authority))
        certificate = ctypes.c_void_p(
            nss.CERT_NewTempCertificate(database, ctypes.byref(item), None, 0, 1)
        )
        _check(nss.PK11_ImportCert(slot, certificate, _NO_OBJECT, b"authority", 0))
        trust = _Trust(_AUTHORITY, 0, 0)
        _check(nss.CERT_ChangeCertTrust(database, certificate, ctypes.byref(trust)))
        nss.CERT_DestroyCertificate(certificate)
        nss.PK11_FreeSlot(slot)
    finally:
        _check(nss.NSS_Shutdown())


def _check(status: int) -> None:
    assert status == _OK, "NSS refused"
