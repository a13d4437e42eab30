"""One picture, decoded and encoded anew, in a process of its own.

    python picture_process.py KIND EDGE <picture >square

This is the one place where what strangers send meets a decoder, and decoders have faults. So it
stands apart: it imports nothing of the server's, is told nothing of its secrets, and before it
looks at the first byte it gives up whatever it does not need. What a picture does to it, ends with
it.
"""

import io
import os
import resource
import sys
from contextlib import suppress
from pathlib import Path

from PIL import Image, ImageCms, ImageOps

# How it ends when the picture is to blame.
BROKEN = 65

MIB = 1024 * 1024
MOST_PIXELS = 50_000_000
# The hungriest picture of that many pixels is a WebP with an alpha channel: 800 MiB.
_MEMORY_BYTES = 1024 * MIB
# A small computer needs ten for the slowest of them.
_CPU_SECONDS = 20
MOST_BYTES_OUT = 4 * MIB

# Softer than this looks soft; better than this nobody sees, and pays for at every look.
_QUALITY = 82


def main(kind: str, edge: int) -> None:
    # Before the door is closed: decoders load each other when they come to need it.
    Image.init()
    _give_up_everything()
    try:
        _write(_square(_opened(kind), edge))
    except Exception:  # noqa: BLE001 - whatever a decoder raises, it says that the picture is broken
        sys.exit(BROKEN)


def _give_up_everything() -> None:
    """What it may still do: read its input, write its output, and calculate for a while."""
    # Calls and everybody's messages come first; if memory runs short, this goes first.
    os.nice(10)
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")
    for what, limit in (
        (resource.RLIMIT_AS, _MEMORY_BYTES),
        (resource.RLIMIT_CPU, _CPU_SECONDS),
        (resource.RLIMIT_FSIZE, MOST_BYTES_OUT),
        # A copy of its memory on the disk would be a copy of the picture.
        (resource.RLIMIT_CORE, 0),
        # No process beside it, and from here on neither a file nor a connection.
        (resource.RLIMIT_NPROC, 0),
        (resource.RLIMIT_NOFILE, 0),
    ):
        resource.setrlimit(what, (limit, limit))


def _opened(kind: str) -> Image.Image:
    # Pillow's own limit only warns at first. Ours is checked when the header is all that has been
    # read; a WebP has its canvas by then, and for that there is the limit of memory.
    Image.MAX_IMAGE_PIXELS = None
    picture = Image.open(sys.stdin.buffer, formats=[kind])
    if picture.width * picture.height > MOST_PIXELS:
        raise ValueError("too many pixels")
    return picture


def _square(picture: Image.Image, edge: int) -> Image.Image:
    """The middle of the picture, as people see it."""
    # A JPEG can be decoded at an eighth of its size: a photograph then costs next to nothing.
    picture.draft(None, (edge, edge))
    side = min(picture.size)
    left, top = (picture.width - side) / 2, (picture.height - side) / 2
    middle = _in_full_colour(picture).resize(
        (edge, edge), Image.Resampling.LANCZOS, (left, top, left + side, top + side), reducing_gap=3
    )
    # Turned last, when there is little to turn: the middle stays the middle.
    return _in_web_colours(ImageOps.exif_transpose(middle))


def _in_full_colour(picture: Image.Image) -> Image.Image:
    """Without a palette, and with eight bits to a channel: what else comes next works on that."""
    if picture.mode.startswith("I"):
        picture = picture.convert("I").point(lambda value: value / 256).convert("L")
    if picture.mode in {"RGB", "RGBA", "CMYK"}:
        return picture
    return picture.convert("RGBA" if picture.has_transparency_data else "RGB")


def _in_web_colours(picture: Image.Image) -> Image.Image:
    """In sRGB: the profile that tells what its numbers mean does not go along."""
    mode = "RGBA" if picture.mode == "RGBA" else "RGB"
    profile = picture.info.get("icc_profile")
    if profile:
        # One that can't be used is as good as none, as browsers have it.
        with suppress(ImageCms.PyCMSError, OSError):
            web = ImageCms.createProfile("sRGB")
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            converted = ImageCms.profileToProfile(picture, source, web, outputMode=mode)
            assert converted is not None  # it would be with `inPlace`
            return converted
    return picture.convert(mode)


def _write(picture: Image.Image) -> None:
    # Only the pixels go on: whatever else the picture carried with it stays behind.
    pixels = Image.frombytes(picture.mode, picture.size, picture.tobytes())
    pixels.save(sys.stdout.buffer, "WEBP", quality=_QUALITY)
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
