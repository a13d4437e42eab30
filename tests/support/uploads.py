"""Multipart bodies as clients send them, and a look at what is left of their files."""

import io
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from api.keys import CONFIGURATION
from tests.support.family import Person
from tests.support.server import Answered, Server


def form(*parts: tuple[str, bytes | str], boundary: str = "x0x") -> tuple[bytes, Mapping[str, str]]:
    """A body, and the header that tells what it is; bytes are a file's."""
    body = b""
    for name, content in parts:
        is_file = isinstance(content, bytes)
        head = f'Content-Disposition: form-data; name="{name}"'
        head += '; filename="../../etc/passwd"\r\nContent-Type: text/plain' if is_file else ""
        raw = content if isinstance(content, bytes) else content.encode()
        body += f"--{boundary}\r\n{head}\r\n\r\n".encode() + raw + b"\r\n"
    body += f"--{boundary}--\r\n".encode()
    return body, {"Content-Type": f"multipart/form-data; boundary={boundary}"}


def quarantine(server: Server) -> Path:
    return server.app[CONFIGURATION].data_dir / "quarantine"


def blobs(server: Server) -> list[str]:
    """What lies in the storage, as far as that is a folder."""
    folder = server.app[CONFIGURATION].data_dir / "blobs"
    return [path.name for path in folder.rglob("*") if path.is_file()]


def held_open(folder: Path) -> int:
    """How many files in there this process has open; they have no names."""
    count = 0
    for descriptor in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):  # the one by which we look
            count += str(descriptor.readlink()).startswith(str(folder))
    return count


async def send_avatar(person: Person, content: bytes) -> Answered:
    body, headers = form(("file", content))
    return await person.ask("POST", "/profiles/me/avatar", data=io.BytesIO(body), headers=headers)
