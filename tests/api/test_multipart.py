"""Multipart bodies come out as they went in, however the network cuts them."""

import asyncio
from collections.abc import Iterable
from itertools import cycle
from unittest.mock import Mock

from aiohttp import StreamReader
from hypothesis import given
from hypothesis import strategies as st

from api.multipart import Parts

BOUNDARY = "-x"
DELIMITER = b"\r\n---x"
# Made of what delimiters are made of, so that much of it looks like one.
CONTENT = (
    st.lists(st.sampled_from([b"\r", b"\n", b"-", b"x", b"\r\n--", b"---x"]), max_size=20)
    .map(b"".join)
    .filter(lambda content: DELIMITER not in content)
)


@given(
    contents=st.lists(CONTENT, max_size=4),
    preamble=st.sampled_from([b"", b"\r\n", b"nothing\r\n", b"--\r\n", b"\r\n--\r\n"]),
    cuts=st.lists(st.integers(1, 40), min_size=1, max_size=20),
)
def test_every_part_comes_out_whole(
    contents: list[bytes], preamble: bytes, cuts: list[int]
) -> None:
    body = preamble
    for number, content in enumerate(contents):
        head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{number}"\r\n\r\n'
        body += head.encode() + content + b"\r\n"
    body += f"--{BOUNDARY}--\r\nand whatever follows".encode()
    expected = [(str(number), content) for number, content in enumerate(contents)]
    assert asyncio.run(read(body, cuts)) == expected


async def read(body: bytes, cuts: Iterable[int]) -> list[tuple[str, bytes]]:
    parts = Parts(arriving(body, cuts), f"multipart/form-data; boundary={BOUNDARY}", 10_000)
    found = []
    while (name := await parts.following()) is not None:
        content = b""
        while piece := await parts.read():
            content += piece
        found.append((name, content))
    return found


def arriving(body: bytes, cuts: Iterable[int]) -> StreamReader:
    """A request's body that comes in chunks of these sizes, again and again."""
    chunks = []
    sizes = cycle(cuts)
    while body:
        size = next(sizes)
        chunks.append(body[:size])
        body = body[size:]
    waiting = iter([*chunks, b""])

    async def readany() -> bytes:
        return next(waiting)

    return Mock(StreamReader, readany=readany)
