"""What a file is, told from its first bytes: never from its name, nor from what a client says."""

from enum import StrEnum

# As much of a file as any of them needs.
HEAD_BYTES = 16


class Kind(StrEnum):
    """The kinds of pictures that are read, by the decoder's names for them."""

    JPEG = "JPEG"
    PNG = "PNG"
    WEBP = "WEBP"


def kind_of(head: bytes) -> Kind | None:
    if head.startswith(b"\xff\xd8\xff"):
        return Kind.JPEG
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return Kind.PNG
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return Kind.WEBP
    return None
