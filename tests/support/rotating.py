"""`hearth keys rotate` in a process of its own."""

from collections.abc import Mapping
from pathlib import Path

from store.master_key import LocalMasterKey
from store.master_key_file import MasterKeyFile
from tests.support.program import Ended, run

ROTATE = ("keys", "rotate")


async def rotate(cwd: Path, variables: Mapping[str, str], given: str) -> Ended:
    return await run(*ROTATE, cwd=cwd, variables=variables, given=given.encode())


def key_in(file: MasterKeyFile) -> LocalMasterKey:
    key = file.read()
    assert key is not None
    return key


def in_one_line(ended: Ended) -> str:
    """What a command that failed said; `hearth:` and one line."""
    (line,) = ended.errors.splitlines()
    assert line.startswith("hearth: ")
    return line
