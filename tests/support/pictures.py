"""Pictures as people have them, and as nobody should."""

import io
import struct
import zlib
from typing import Any

from PIL import Image, ImageCms

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)
Colour = tuple[int, ...]


def saved(picture: Image.Image, kind: str = "JPEG", **how: Any) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, **({"quality": 95} if kind == "JPEG" else {}), **how)
    return file.getvalue()


def plain(size: tuple[int, int] = (64, 48), colour: Colour = RED) -> Image.Image:
    return Image.new("RGBA" if len(colour) == 4 else "RGB", size, colour)


def corners(edge: int = 64) -> Image.Image:
    """Red and green above, blue and white below: it shows which way up it is."""
    picture = Image.new("RGB", (edge, edge), RED)
    half = edge // 2
    picture.paste(GREEN, (half, 0, edge, half))
    picture.paste(BLUE, (0, half, half, edge))
    picture.paste(WHITE, (half, half, edge, edge))
    return picture


def opened(content: bytes) -> Image.Image:
    picture = Image.open(io.BytesIO(content))
    picture.load()
    return picture


def colour_at(picture: Image.Image, x: float, y: float) -> Colour:
    """The plain colour that is nearest, at a place between 0 and 1: lossy pictures waver."""
    place = (int(x * (picture.width - 1)), int(y * (picture.height - 1)))
    found = picture.convert("RGB").getpixel(place)
    assert isinstance(found, tuple)
    return tuple(255 if channel > 127 else 0 for channel in found)


def turned(orientation: int) -> bytes:
    """EXIF that tells how the camera was held."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif.tobytes()


def profile_with_red_for_green() -> bytes:
    """An ICC profile of a strange screen: its red is our green, and the other way about."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return profile.replace(b"rXYZ", b"?", 1).replace(b"gXYZ", b"rXYZ", 1).replace(b"?", b"gXYZ", 1)


def png_that_says(width: int, height: int) -> bytes:
    """A PNG whose header promises more than its hundred bytes hold."""
    head = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        _chunk(name, content)
        for name, content in ((b"IHDR", head), (b"IDAT", zlib.compress(b"")), (b"IEND", b""))
    )


def webp_that_says(width: int, height: int) -> bytes:
    """A WebP whose canvas is as large as can be, around a picture of one pixel."""
    picture = saved(Image.new("RGBA", (1, 1)), "WEBP", lossless=True)[12:]
    size = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    canvas = b"VP8X" + struct.pack("<I", 10) + b"\x10\0\0\0" + size
    return b"RIFF" + struct.pack("<I", 4 + len(canvas + picture)) + b"WEBP" + canvas + picture


def jpeg_that_says(width: int, height: int) -> bytes:
    content = bytearray(saved(plain()))
    frame = content.index(b"\xff\xc0") + 5
    content[frame : frame + 4] = struct.pack(">HH", height, width)
    return bytes(content)


def png_with_endless_text() -> bytes:
    """A comment of a few kilobytes that would unpack to two hundred megabytes."""
    packer = zlib.compressobj(9)
    packed = b"".join(packer.compress(bytes(1024 * 1024)) for _ in range(200)) + packer.flush()
    content = saved(plain(), "PNG")
    return content[:33] + _chunk(b"zTXt", b"Comment\0\0" + packed) + content[33:]


def _chunk(name: bytes, content: bytes) -> bytes:
    return (
        struct.pack(">I", len(content))
        + name
        + content
        + struct.pack(">I", zlib.crc32(name + content))
    )
