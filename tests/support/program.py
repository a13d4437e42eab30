"""`hearth` as people run it: a process of its own, with an environment of its own."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from api.configuration import variable_names

PROGRAM = Path(sys.executable).with_name("hearth")
_START_SECONDS = 60.0


def environment(variables: Mapping[str, str] | None = None) -> dict[str, str]:
    """This process's, without a configuration that whoever runs the tests may have."""
    own = {k: v for k, v in os.environ.items() if k.upper() not in variable_names()}
    return own | dict(variables or {})


@dataclass(frozen=True, slots=True)
class Ended:
    code: int
    output: str
    errors: str


async def run(
    *arguments: str | Path,
    cwd: Path,
    program: Path = PROGRAM,
    variables: Mapping[str, str] | None = None,
    given: bytes = b"",
) -> Ended:
    """Run a command to its end; `given` is what it finds in the pipe."""
    process = await asyncio.create_subprocess_exec(
        program,
        *arguments,
        cwd=cwd,
        env=environment(variables),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, errors = await process.communicate(given)
    assert process.returncode is not None
    return Ended(process.returncode, output.decode(), errors.decode())


class Program:
    """A server that runs until it is told to stop."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.lines: list[str] = []

    async def line_with(self, words: str) -> str:
        """The first line that holds the words, as soon as it is said."""
        for line in self.lines:
            if words in line:
                return line
        assert self._process.stderr is not None
        async with asyncio.timeout(_START_SECONDS):
            while raw := await self._process.stderr.readline():
                self.lines.append(raw.decode())
                if words in self.lines[-1]:
                    return self.lines[-1]
        raise AssertionError(f"it never said {words!r}:\n{''.join(self.lines)}")

    @property
    def pid(self) -> int:
        return self._process.pid

    def signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    async def ended(self) -> int:
        assert self._process.stderr is not None
        self.lines += (await self._process.stderr.read()).decode().splitlines(keepends=True)
        return await self._process.wait()


@asynccontextmanager
async def started(
    *command: str | Path,
    cwd: Path,
    variables: Mapping[str, str] | None = None,
    given: bytes = b"",
) -> AsyncIterator[Program]:
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=cwd,
        env=environment(variables),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None
    process.stdin.write(given)
    process.stdin.close()
    program = Program(process)
    try:
        yield program
    finally:
        if process.returncode is None:
            process.terminate()
        await program.ended()
        # Closes the pipe's transport, which asyncio leaves to the collector otherwise.
        process._transport.close()  # type: ignore[attr-defined]  # there is no public way
