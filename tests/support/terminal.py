"""A terminal with a command at its other end, and the test at the keyboard."""

import asyncio
import fcntl
import os
import pty
import termios
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from tests.support.program import PROGRAM, environment

END_OF_INPUT = "\x04"
_PATIENCE = 60.0


class Terminal:
    def __init__(
        self, process: asyncio.subprocess.Process, keyboard: int, screen: asyncio.StreamReader
    ) -> None:
        self._process = process
        self._keyboard = keyboard
        self._screen = screen
        self.shown = ""

    async def answer(self, prompt: str, keys: str) -> None:
        """Press keys once the screen ends with the prompt."""
        async with asyncio.timeout(_PATIENCE):
            while not self.shown.endswith(prompt):
                assert await self._more(), f"it never asked for {prompt!r}:\n{self.shown}"
        os.write(self._keyboard, keys.encode())

    async def ended(self) -> int:
        async with asyncio.timeout(_PATIENCE):
            while await self._more():
                pass
            return await self._process.wait()

    async def _more(self) -> bool:
        try:
            read = await self._screen.read(4096)
        except OSError:  # how Linux says that nobody holds the other end any more
            return False
        self.shown += read.decode()
        return bool(read)


@asynccontextmanager
async def at_a_terminal(
    *arguments: str, cwd: Path, variables: Mapping[str, str] | None = None
) -> AsyncIterator[Terminal]:
    ours, theirs = pty.openpty()
    process = await asyncio.create_subprocess_exec(
        PROGRAM,
        *arguments,
        cwd=cwd,
        env=environment(variables),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        # Its session's own terminal: that is what a prompt for a password opens.
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    )
    os.close(theirs)
    screen = asyncio.StreamReader()
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(screen), os.fdopen(ours, "rb", buffering=0)
    )
    try:
        yield Terminal(process, ours, screen)
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()
        transport.close()
