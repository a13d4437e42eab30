"""Multipart bodies (RFC 7578), read part by part as they come in.

aiohttp's own reader is made for every kind of multipart. It takes parts within parts, undoes
encodings that forms no longer have, passes over as much as is sent before the first part, and warns
where a server should refuse. This one reads what browsers and apps send, within bounds.
"""

from email.message import Message
from email.parser import HeaderParser

from aiohttp import StreamReader

from api.errors import Code, Refusal

MULTIPART = "multipart/form-data"

_LINE_END = b"\r\n"
_HEAD_END = b"\r\n\r\n"
# A name, a file's name and its type are a few hundred bytes.
_LONGEST_HEAD = 8192
# RFC 2046, 5.1.1.
_LONGEST_BOUNDARY = 70
# How a part may say that its bytes are to be taken as they are.
_AS_IT_IS = {"7bit", "8bit", "binary"}


class Malformed(Refusal):
    def __init__(self, why: str) -> None:
        super().__init__(f"The form can't be read: {why}.")


class Parts:
    """The parts of a body: `following` goes to the next one, `read` gives its content."""

    def __init__(self, content: StreamReader, content_type: str, limit: int) -> None:
        """`limit` is for the body as a whole, with all that stands between its parts."""
        self._content = content
        self._delimiter = b"\r\n--" + _boundary(content_type)
        self._limit = limit
        self._received = 0
        # As if a line had ended before the first delimiter: then it is like all others.
        self._waiting = bytearray(_LINE_END)
        self._part_ended = False

    async def following(self) -> str | None:
        """The name of the next part; None: that was the last. What was not read is passed over."""
        while await self.read():
            pass
        after = await self._take(len(_LINE_END))
        if after == b"--":
            await self._pass_over_the_rest()
            return None
        if after != _LINE_END:
            raise Malformed("a part begins in the middle of a line")
        self._part_ended = False
        return _name(await self._head())

    async def read(self) -> bytes:
        """Some more of the part; nothing: it ends here."""
        while not self._part_ended:
            end = self._waiting.find(self._delimiter)
            # The delimiter may have come in half: that much is kept back.
            certain = end if end >= 0 else len(self._waiting) - len(self._delimiter) + 1
            if certain > 0:
                return self._cut(certain)
            if end == 0:
                self._cut(len(self._delimiter))
                self._part_ended = True
            else:
                await self._receive()
        return b""

    async def _head(self) -> str:
        while (end := self._waiting.find(_HEAD_END)) < 0 and len(self._waiting) <= _LONGEST_HEAD:
            await self._receive()
        if not 0 <= end <= _LONGEST_HEAD:
            raise Malformed("the head of a part has no end")
        head = self._cut(end)
        self._cut(len(_HEAD_END))
        try:
            return head.decode()
        except UnicodeDecodeError:
            raise Malformed("the head of a part is not UTF-8") from None

    async def _take(self, count: int) -> bytes:
        while len(self._waiting) < count:
            await self._receive()
        return self._cut(count)

    async def _pass_over_the_rest(self) -> None:
        """To the end of the body, so that the connection may serve another request."""
        while await self._more():
            pass

    async def _receive(self) -> None:
        more = await self._more()
        if not more:
            raise Malformed("it ends too early")
        self._waiting += more

    async def _more(self) -> bytes:
        chunk = await self._content.readany()
        self._received += len(chunk)
        if self._received > self._limit:
            raise Refusal("The form is larger than this route takes.", Code.PAYLOAD_TOO_LARGE)
        return chunk

    def _cut(self, count: int) -> bytes:
        piece = bytes(self._waiting[:count])
        del self._waiting[:count]
        return piece


def _boundary(content_type: str) -> bytes:
    header = Message()
    header["Content-Type"] = content_type
    boundary = header.get_boundary() or ""
    if not 0 < len(boundary) <= _LONGEST_BOUNDARY or not boundary.isascii():
        raise Malformed("its type names no boundary")
    return boundary.encode()


def _name(head: str) -> str:
    headers = HeaderParser().parsestr(head)
    encoding = headers.get("Content-Transfer-Encoding", "binary")
    if encoding.strip().lower() not in _AS_IT_IS:
        raise Malformed("a part is encoded, and bytes are sent as they are")
    name = headers.get_param("name", header="Content-Disposition")
    if headers.get_content_disposition() != "form-data" or not isinstance(name, str):
        raise Malformed("a part has no name")
    return name
