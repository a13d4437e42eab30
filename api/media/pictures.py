"""Pictures made harmless: decoded and encoded anew, a few at a time, each in its own process."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import structlog

from api.errors import Code, Refusal, Unavailable
from api.media import picture_process
from api.media.kinds import Kind
from api.quarantine import Quarantine, QuarantinedFile

# Each may want a gigabyte for a moment, and one core should be left for everybody else.
_AT_ONCE = 2
# Behind so many others nobody would wait for their turn: it is better to say so at once.
_MOST_WAITING = 8
# By the clock on the wall: a process that does nothing uses up no time of the processor.
_SECONDS = 60.0

MOST_BYTES = picture_process.MOST_BYTES_OUT

_PROGRAM = Path(picture_process.__file__)
_log = structlog.get_logger("hearth.media")


class Pictures:
    def __init__(self, quarantine: Quarantine) -> None:
        self._quarantine = quarantine
        self._free = asyncio.Semaphore(_AT_ONCE)
        self._waiting = 0

    @asynccontextmanager
    async def square(
        self, file: QuarantinedFile, kind: Kind, edge: int
    ) -> AsyncIterator[QuarantinedFile]:
        """The middle of a picture as a WebP of that size; raises MEDIA_REJECTED."""
        async with self._quarantine.file() as result:
            async with self._turn():
                ending = await _run([kind, str(edge)], file, result)
            _judge(ending)
            yield result

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        if self._waiting >= _MOST_WAITING:
            raise Unavailable(
                "Too many pictures are being looked at. Try again in a moment.", retry_after=5
            )
        self._waiting += 1
        try:
            await self._free.acquire()
        finally:
            self._waiting -= 1
        try:
            yield
        finally:
            self._free.release()


async def _run(arguments: list[str], source: QuarantinedFile, result: QuarantinedFile) -> int:
    """How the process ended: with a code of its own, or by a signal, which is negative."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-I",
        str(_PROGRAM),
        *arguments,
        stdin=source.fileno(),
        stdout=result.fileno(),
        stderr=asyncio.subprocess.DEVNULL,
        # The environment may hold the master key.
        env={},
        cwd="/",
    )
    try:
        await asyncio.wait_for(process.wait(), _SECONDS)
    except TimeoutError:
        _log.warning("picture_took_too_long")
    finally:
        if process.returncode is None:
            process.kill()
            await asyncio.shield(process.wait())
    return await process.wait()


def _judge(ending: int) -> None:
    """A process that was brought down, by its limits or by a fault, was so by the picture."""
    if ending == 0:
        return
    if ending != picture_process.BROKEN and ending > 0:
        raise RuntimeError(f"the picture process ended with {ending}")
    _log.info("picture_rejected", ending=ending)
    raise Refusal("This picture can't be read. Save it anew, or send another.", Code.MEDIA_REJECTED)
