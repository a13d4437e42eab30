"""A picture comes out harmless, or it does not come out."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

import psutil
import pytest
from PIL import Image

from api.errors import Code, Refusal, Unavailable
from api.media import pictures
from api.media.kinds import HEAD_BYTES, kind_of
from api.media.pictures import Pictures
from api.quarantine import Quarantine
from tests.support.pictures import (
    BLUE,
    GREEN,
    RED,
    WHITE,
    colour_at,
    corners,
    jpeg_that_says,
    opened,
    plain,
    png_that_says,
    png_with_endless_text,
    profile_with_red_for_green,
    saved,
    turned,
    webp_that_says,
)
from tests.support.waiting import eventually

EDGE = 512
KINDS = ["JPEG", "PNG", "WEBP"]


class Darkroom:
    """Pictures, and the quarantine that they come from."""

    def __init__(self, folder: Path) -> None:
        self._quarantine = Quarantine(folder)
        self.pictures = Pictures(self._quarantine)

    async def square(self, content: bytes) -> bytes:
        async def stream() -> AsyncIterator[bytes]:
            yield content

        async with self._quarantine.file() as file:
            await file.fill(stream(), limit=len(content))
            kind = kind_of(await file.head(HEAD_BYTES))
            assert kind is not None
            async with (
                self.pictures.square(file, kind, EDGE) as result,
                aclosing(result.pieces()) as pieces,
            ):
                return b"".join([piece async for piece in pieces])


@pytest.fixture
def darkroom(tmp_path: Path) -> Darkroom:
    return Darkroom(tmp_path / "quarantine")


async def developed(darkroom: Darkroom, content: bytes) -> Image.Image:
    return opened(await darkroom.square(content))


def half(content: bytes) -> bytes:
    return content[: len(content) // 2]


def children() -> list[psutil.Process]:
    return [
        child for child in psutil.Process().children() if "picture" in " ".join(child.cmdline())
    ]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", [(1, 1), (64, 48), (512, 512), (700, 3000), (40_000, 2)])
async def test_whatever_its_size_it_becomes_a_square(
    darkroom: Darkroom, kind: str, size: tuple[int, int]
) -> None:
    if kind == "WEBP":
        size = (min(size[0], 16_383), size[1])
    picture = await developed(darkroom, saved(plain(size), kind))
    assert (picture.format, picture.size, picture.mode) == ("WEBP", (EDGE, EDGE), "RGB")
    assert colour_at(picture, 0.5, 0.5) == RED


@pytest.mark.parametrize("size", [(300, 100), (100, 300), (3000, 1000)])
async def test_it_is_the_middle_that_stays(darkroom: Darkroom, size: tuple[int, int]) -> None:
    whole = plain(size, BLUE)
    third = min(size)
    left, top = (size[0] - third) // 2, (size[1] - third) // 2
    whole.paste(GREEN, (left, top, left + third, top + third))
    picture = await developed(darkroom, saved(whole))
    for x, y in ((0.03, 0.03), (0.97, 0.03), (0.5, 0.5), (0.03, 0.97), (0.97, 0.97)):
        assert colour_at(picture, x, y) == GREEN


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("orientation", range(1, 9))
async def test_it_stands_the_way_it_was_seen(
    darkroom: Darkroom, kind: str, orientation: int
) -> None:
    seen = corners()
    # What the camera wrote down when it was held like this, by EXIF 2.32, 4.6.4.
    as_held = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    held = seen.transpose(as_held[orientation]) if orientation > 1 else seen
    picture = await developed(darkroom, saved(held, kind, exif=turned(orientation)))
    found = [colour_at(picture, x, y) for y in (0.25, 0.75) for x in (0.25, 0.75)]
    assert found == [RED, GREEN, BLUE, WHITE]


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
async def test_what_is_transparent_stays_so(darkroom: Darkroom, kind: str) -> None:
    picture = await developed(darkroom, saved(plain(colour=(255, 0, 0, 0)), kind))
    assert picture.mode == "RGBA"
    assert picture.getchannel("A").getextrema() == (0, 0)


@pytest.mark.parametrize(
    ("mode", "kind"),
    [
        ("1", "PNG"),
        ("L", "PNG"),
        ("L", "JPEG"),
        ("LA", "PNG"),
        ("P", "PNG"),
        ("CMYK", "JPEG"),
    ],
)
async def test_other_ways_to_write_colours_down_are_read(
    darkroom: Darkroom, mode: str, kind: str
) -> None:
    whole = plain(colour=WHITE).convert(mode)
    picture = await developed(darkroom, saved(whole, kind))
    assert colour_at(picture, 0.5, 0.5) == WHITE


async def test_sixteen_bits_of_grey_become_eight(darkroom: Darkroom) -> None:
    for grey in (20_000, 45_000):
        picture = await developed(darkroom, saved(Image.new("I;16", (64, 64), grey), "PNG"))
        assert picture.convert("L").getpixel((256, 256)) == pytest.approx(grey / 256, abs=2)


async def test_a_palette_s_transparent_colour_stays_so(darkroom: Darkroom) -> None:
    whole = Image.new("P", (64, 64), 0)
    picture = await developed(darkroom, saved(whole, "PNG", transparency=0))
    assert picture.getchannel("A").getextrema() == (0, 0)


@pytest.mark.parametrize("kind", KINDS)
async def test_its_colours_are_those_that_its_profile_means(darkroom: Darkroom, kind: str) -> None:
    strange = profile_with_red_for_green()
    picture = await developed(darkroom, saved(plain(), kind, icc_profile=strange))
    assert colour_at(picture, 0.5, 0.5) == GREEN


@pytest.mark.parametrize("profile", [b"nonsense", bytes(128), b"\xff" * 4000])
async def test_a_profile_that_can_t_be_used_is_passed_over(
    darkroom: Darkroom, profile: bytes
) -> None:
    picture = await developed(darkroom, saved(plain(), icc_profile=profile))
    assert colour_at(picture, 0.5, 0.5) == RED


async def test_of_several_pictures_in_one_file_the_first_is_taken(darkroom: Darkroom) -> None:
    others = {"save_all": True, "append_images": [plain(colour=BLUE)]}
    for kind in ("PNG", "WEBP", "MPO"):
        picture = await developed(darkroom, saved(plain(), kind, **others))
        assert colour_at(picture, 0.5, 0.5) == RED
        assert getattr(picture, "n_frames", 1) == 1


@pytest.mark.parametrize("kind", KINDS)
async def test_nothing_that_was_noted_in_the_file_goes_along(darkroom: Darkroom, kind: str) -> None:
    exif = Image.Exif()
    exif[0x010F] = "SECRET maker"
    exif.get_ifd(0x8825)[29] = "SECRET:place"
    notes = {"exif": exif.tobytes(), "icc_profile": b"SECRET profile", "xmp": b"<x>SECRET</x>"}
    if kind == "JPEG":
        notes["comment"] = b"SECRET comment"
    content = saved(plain(), kind, **notes)
    content = content + b"SECRET and <script>alert(1)</script> behind the end"
    assert content.count(b"SECRET") >= 3  # a PNG packs its profile
    square = await darkroom.square(content)
    assert b"SECRET" not in square
    assert b"script" not in square
    chunks = {b"EXIF", b"XMP ", b"ICCP", b"ANIM"}
    assert [chunk for chunk in chunks if chunk in square] == []


@pytest.mark.parametrize(
    "content",
    [
        *(half(saved(corners(), kind)) for kind in KINDS),
        b"\xff\xd8\xff" + b"nonsense" * 100,
        b"\x89PNG\r\n\x1a\n" + b"nonsense" * 100,
        b"RIFF\0\0\0\0WEBP" + b"nonsense" * 100,
        b"\xff\xd8\xff" + saved(plain(), "PNG"),
        b"\x89PNG\r\n\x1a\n" + saved(plain()),
        saved(plain(), "PNG").replace(b"IDAT", b"IDAX"),
        png_that_says(0, 0),
        jpeg_that_says(0, 0),
    ],
    ids=range(11),
)
async def test_what_is_broken_is_rejected(darkroom: Darkroom, content: bytes) -> None:
    with pytest.raises(Refusal) as refused:
        await darkroom.square(content)
    assert refused.value.code == Code.MEDIA_REJECTED


@pytest.mark.parametrize(
    "content",
    [
        png_that_says(50_001, 1000),
        png_that_says(2**31 - 1, 2**31 - 1),
        jpeg_that_says(65_500, 65_500),
        webp_that_says(16_383, 16_383),
        png_with_endless_text(),
    ],
    ids=["a little", "png", "jpeg", "webp", "text"],
)
async def test_a_bomb_is_rejected(darkroom: Darkroom, content: bytes) -> None:
    assert len(content) < 1024 * 1024
    with pytest.raises(Refusal) as refused:
        await darkroom.square(content)
    assert refused.value.code == Code.MEDIA_REJECTED


async def test_fifty_megapixels_are_not_too_many(darkroom: Darkroom) -> None:
    whole = saved(Image.new("RGBA", (7000, 7000), (0, 0, 255, 200)), "WEBP", lossless=True)
    picture = await developed(darkroom, whole)
    assert colour_at(picture, 0.5, 0.5) == BLUE


def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lines: str) -> None:
    """Another program in the place of ours."""
    path = tmp_path / "picture_program.py"
    path.write_text(lines)
    monkeypatch.setattr(pictures, "_PROGRAM", path)


async def test_the_process_knows_nothing_of_the_server_s_environment(
    darkroom: Darkroom, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEARTH_MASTER_KEY", "hunter2")
    program(tmp_path, monkeypatch, "import os; print(sorted(os.environ), os.getcwd())")
    told = (await darkroom.square(saved(plain()))).decode()
    assert "HEARTH_MASTER_KEY" not in told
    assert told.endswith(" /\n")


@pytest.mark.parametrize(
    "deed",
    [
        "open('/etc/passwd')",
        "__import__('socket').socket()",
        "bytearray(2 * 1024**3)",
        "sys.stdout.buffer.raw.write(bytes(8 * 1024**2)), sys.stdout.buffer.raw.write(b'x')",
    ],
)
async def test_the_process_can_do_nothing_but_calculate(
    darkroom: Darkroom, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, deed: str
) -> None:
    ours = Path(pictures.__file__).parent
    program(
        tmp_path,
        monkeypatch,
        f"""
import socket, sys
sys.path.append({str(ours)!r})
import picture_process
picture_process._give_up_everything()
try:
    {deed}
except (OSError, MemoryError):
    sys.exit(picture_process.BROKEN)
""",
    )
    with pytest.raises(Refusal) as refused:
        await darkroom.square(saved(plain()))
    assert refused.value.code == Code.MEDIA_REJECTED


@pytest.mark.parametrize("number", ["SIGSEGV", "SIGXCPU", "SIGKILL"])
async def test_a_picture_that_brings_the_process_down_is_rejected(
    darkroom: Darkroom, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: str
) -> None:
    program(tmp_path, monkeypatch, f"import os, signal; os.kill(os.getpid(), signal.{number})")
    with pytest.raises(Refusal) as refused:
        await darkroom.square(saved(plain()))
    assert refused.value.code == Code.MEDIA_REJECTED


async def test_a_process_that_does_not_even_begin_is_our_own_fault(
    darkroom: Darkroom, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(tmp_path, monkeypatch, "import no_such_module")
    with pytest.raises(RuntimeError, match="ended with 1"):
        await darkroom.square(saved(plain()))


async def test_a_picture_that_takes_too_long_is_rejected_and_its_process_ended(
    darkroom: Darkroom, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pictures, "_SECONDS", 0.2)
    program(tmp_path, monkeypatch, "import signal; signal.pause()")
    with pytest.raises(Refusal) as refused:
        await darkroom.square(saved(plain()))
    assert refused.value.code == Code.MEDIA_REJECTED
    assert children() == []


async def test_a_few_are_looked_at_a_few_wait_and_the_rest_is_told_so(
    darkroom: Darkroom, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(tmp_path, monkeypatch, "import signal; signal.pause()")
    content = saved(plain())
    tasks = [asyncio.create_task(darkroom.square(content)) for _ in range(10)]
    await eventually(lambda: darkroom.pictures._waiting == 8 and len(children()) == 2)
    with pytest.raises(Unavailable) as refused:
        await darkroom.square(content)
    assert refused.value.retry_after
    # Whoever leaves takes the process along.
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    assert children() == []


async def test_a_rejected_picture_gives_its_place_back(darkroom: Darkroom) -> None:
    for _ in range(12):
        with pytest.raises(Refusal):
            await darkroom.square(b"\xff\xd8\xff")
    assert await darkroom.square(saved(plain()))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xd8",
        b"GIF89a",
        b"BM" + bytes(60),
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"%PDF-1.7",
        b"PK\x03\x04",
        b"<!doctype html>\xff\xd8\xff",
        b"RIFF\0\0\0\0WAVE",
        b"\0\0\0\x18ftypheic",
    ],
)
def test_what_is_no_such_picture_is_known_by_its_first_bytes(content: bytes) -> None:
    assert kind_of(content[:HEAD_BYTES]) is None
