"""What stands at `/media/{id}`: for whom, in which parts, and under which guard."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any

import pytest

from api.keys import BLOBS, DB
from api.media import serving
from api.media.service import Purpose
from store import media
from store.media import Media, NewMedia
from store.outage import Outage
from tests.support import family
from tests.support.family import Person
from tests.support.raw import raw_connection
from tests.support.server import Answered, Server
from tests.support.waiting import eventually

MIB = 1024 * 1024
CONTENT = bytes(range(256)) * 4


async def put(house: Server, owner: Person, content: bytes = CONTENT, **more: Any) -> Media:
    """Something of somebody's, as an upload leaves it behind."""

    async def stream() -> AsyncIterator[bytes]:
        for start in range(0, len(content), MIB):
            yield content[start : start + MIB]

    blob = await house.app[BLOBS].write(stream(), content_type="image/webp", limit=len(content))
    new = NewMedia(blob.key, "image/webp", blob.bytes, blob.sha256)
    async with house.app[DB].begin() as tx:
        return await media.add(tx, new, **{"purpose": Purpose.AVATAR, "owner_id": owner.id, **more})


async def get(person: Person, thing: Media, method: str = "GET", **headers: str) -> Answered:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return await person.ask(method, f"/media/{thing.id}", headers=sent)


async def test_it_comes_whole_and_under_guard(house: Server, mara: Person) -> None:
    thing = await put(house, mara)
    answered = await get(mara, thing)
    assert (answered.status, answered.raw) == (200, CONTENT)
    expected = {
        "Content-Type": "image/webp",
        "Content-Length": str(len(CONTENT)),
        "Content-Disposition": 'inline; filename="avatar.webp"',
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "Cache-Control": "private, max-age=600",
        "Accept-Ranges": "bytes",
        "ETag": f'"{thing.sha256}"',
    }
    assert {name: answered.headers[name] for name in expected} == expected


async def test_head_tells_the_same_and_sends_nothing(house: Server, mara: Person) -> None:
    thing = await put(house, mara)
    head, whole = await get(mara, thing, "HEAD"), await get(mara, thing)
    assert (head.status, head.raw) == (200, b"")
    for name in ("Content-Length", "Content-Type", "ETag", "Content-Security-Policy"):
        assert head.headers[name] == whole.headers[name]


@pytest.mark.parametrize(
    ("wanted", "start", "end"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=100-199", 100, 200),
        ("bytes=1000-", 1000, 1024),
        ("bytes=-24", 1000, 1024),
        ("bytes=1000-9999999999999", 1000, 1024),
        ("bytes=-9999", 0, 1024),
    ],
)
async def test_a_range_comes_by_itself(
    house: Server, mara: Person, wanted: str, start: int, end: int
) -> None:
    answered = await get(mara, await put(house, mara), Range=wanted)
    assert (answered.status, answered.raw) == (206, CONTENT[start:end])
    assert answered.headers["Content-Range"] == f"bytes {start}-{end - 1}/1024"
    assert answered.headers["Content-Length"] == str(end - start)


@pytest.mark.parametrize(
    "wanted",
    [
        "bytes=0-1,5-6",
        "bytes=" + ",".join(["0-"] * 1000),
        "bytes=9-3",
        "bytes=-",
        "bytes=a-b",
        "lines=0-3",
        f"bytes={'9' * 5000}-",
    ],
)
async def test_what_is_no_single_range_is_passed_over(
    house: Server, mara: Person, wanted: str
) -> None:
    answered = await get(mara, await put(house, mara), Range=wanted)
    assert (answered.status, answered.raw) == (200, CONTENT)


@pytest.mark.parametrize("wanted", ["bytes=1024-", "bytes=5000-6000"])
async def test_a_range_behind_the_end_is_refused(house: Server, mara: Person, wanted: str) -> None:
    answered = await get(mara, await put(house, mara), Range=wanted)
    assert (answered.status, answered.code) == (416, "RANGE_NOT_SATISFIABLE")
    assert answered.headers["Content-Range"] == "bytes */1024"


async def test_a_part_of_what_has_changed_is_no_part(house: Server, mara: Person) -> None:
    thing = await put(house, mara)
    part = await get(mara, thing, Range="bytes=0-9", If_Range=f'"{thing.sha256}"')
    assert (part.status, len(part.raw)) == (206, 10)
    for other in ('"another"', f'W/"{thing.sha256}"', "Sat, 01 Jan 2028 00:00:00 GMT"):
        assert (await get(mara, thing, Range="bytes=0-9", If_Range=other)).status == 200


@pytest.mark.parametrize("form", ['"{}"', 'W/"{}"', '"another", "{}"', "*"])
async def test_what_is_known_already_is_not_sent_again(
    house: Server, mara: Person, form: str
) -> None:
    thing = await put(house, mara)
    answered = await get(mara, thing, If_None_Match=form.format(thing.sha256), Range="bytes=0-1")
    assert (answered.status, answered.raw) == (304, b"")
    assert answered.headers["ETag"] == f'"{thing.sha256}"'
    assert answered.headers["Cache-Control"] == "private, max-age=600"
    assert (await get(mara, thing, If_None_Match='"another"')).status == 200


async def test_whoever_may_know_a_person_sees_their_picture(
    house: Server, mara: Person, admin: Person
) -> None:
    jonas = await family.parent(house, admin)
    lia, theo = await family.child(mara), await family.child(jonas, "Theo")
    of_mara, of_lia = await put(house, mara), await put(house, lia, b"Lia")
    for person in (mara, lia, jonas, admin):
        assert (await get(person, of_mara)).status == 200
        assert (await get(person, of_lia)).status == 200
    for thing in (of_mara, of_lia):
        assert (await get(theo, thing)).code == "NOT_FOUND"


async def test_where_children_may_know_everybody_they_see_everybody(
    house: Server, mara: Person, admin: Person
) -> None:
    theo = await family.child(await family.parent(house, admin), "Theo")
    thing = await put(house, mara)
    for value, status in (("open", 200), ("approved", 404)):
        change = {"settings": {"child_contacts": value}}
        assert (await admin.ask("PUT", "/admin/settings", json=change)).status == 200
        assert (await get(theo, thing)).status == status


async def test_guests_and_strangers_see_nobody(house: Server, mara: Person, admin: Person) -> None:
    thing = await put(house, mara)
    flag = {"settings": {"feature.guests": True}}
    assert (await admin.ask("PUT", "/admin/settings", json=flag)).status == 200
    guest = await house.ask("POST", "/api/auth/guest/", json={"display_name": "Nobody"})
    answered = await house.ask("GET", f"/media/{thing.id}", token=guest.body["token"])
    assert (answered.status, answered.code) == (404, "NOT_FOUND")
    assert (await house.ask("GET", f"/media/{thing.id}")).status == 401


async def test_the_picture_of_somebody_who_was_suspended_is_gone(
    house: Server, mara: Person, admin: Person
) -> None:
    jonas = await family.parent(house, admin)
    thing = await put(house, mara)
    assert (await admin.ask("POST", f"/admin/accounts/{mara.id}/suspend")).status == 200
    assert (await get(jonas, thing)).status == 404
    assert (await get(mara, thing)).code == "SUSPENDED"


async def test_a_page_sees_it_by_the_cookie_of_the_sign_in_and_nothing_else(
    house: Server, mara: Person
) -> None:
    thing = await put(house, mara)
    cookie = (await mara.sign_in()).cookies["hearth_media"]
    assert cookie["path"] == "/media"
    sent = {"Cookie": f"hearth_media={cookie.value}"}
    for path in (f"/media/{thing.id}", f"/media/{thing.id}/"):
        assert (await house.ask("GET", path, headers=sent)).raw == CONTENT
    assert (await house.ask("GET", "/profiles/me", headers=sent)).status == 401


async def test_what_is_for_nothing_that_we_know_is_seen_by_nobody(
    house: Server, mara: Person
) -> None:
    """Of a newer release, which has its rule for it."""
    thing = await put(house, mara, purpose="hologram")
    assert (await get(mara, thing)).code == "NOT_FOUND"


@pytest.mark.parametrize(
    "media_id",
    ["x", "A" * 22, "A" * 5000, "%00", "%FF", "..%2F..%2Fmaster.key", "'%20OR%201=1--", "a" * 48],
)
async def test_what_names_nothing_is_not_found(mara: Person, media_id: str) -> None:
    answered = await mara.ask("GET", f"/media/{media_id}")
    assert (answered.status, answered.code) == (404, "NOT_FOUND")


async def test_the_name_of_a_blob_opens_nothing(house: Server, mara: Person) -> None:
    thing = await put(house, mara)
    assert (await mara.ask("GET", f"/media/{thing.blob_key}")).code == "NOT_FOUND"


async def test_what_the_storage_has_lost_is_not_found(house: Server, mara: Person) -> None:
    thing = await put(house, mara)
    await house.app[BLOBS].delete(thing.blob_key)
    assert (await get(mara, thing)).code == "NOT_FOUND"


async def test_what_breaks_off_does_not_look_whole(
    house: Server, mara: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    thing = await put(house, mara)

    async def read(key: str, start: int, end: int) -> AsyncGenerator[bytes, None]:
        yield CONTENT[:100]
        raise Outage("the storage went away")

    monkeypatch.setattr(house.app[BLOBS], "read", read)
    async with raw_connection(house.port) as (reader, writer):
        writer.write(request_for(thing, mara))
        received = await read_to_the_end(reader)
    head, _, body = received.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200")
    assert CONTENT[:100].startswith(body)


async def test_whoever_reads_nothing_is_cut_off_and_holds_little_until_then(
    house: Server,
    mara: Person,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(serving, "_STALLED_SECONDS", 0.5)
    thing = await put(house, mara, bytes(64 * MIB))
    blobs, taken = house.app[BLOBS], 0
    whole = blobs.read

    async def read(key: str, start: int, end: int) -> AsyncGenerator[bytes, None]:
        nonlocal taken
        async for piece in whole(key, start, end):
            taken += len(piece)
            yield piece

    monkeypatch.setattr(blobs, "read", read)
    async with raw_connection(house.port) as (_, writer):
        writer.write(request_for(thing, mara))
        await eventually(lambda: "media_cut_off" in caplog.text)
    assert 0 < taken < 32 * MIB


async def test_a_client_that_leaves_is_no_fault(
    house: Server, mara: Person, caplog: pytest.LogCaptureFixture
) -> None:
    thing = await put(house, mara, bytes(64 * MIB))
    async with raw_connection(house.port) as (reader, writer):
        writer.write(request_for(thing, mara))
        assert (await reader.readline()).startswith(b"HTTP/1.1 200")
    await eventually(lambda: "'status': 499" in caplog.text)
    assert "unhandled_error" not in caplog.text


def request_for(thing: Media, person: Person) -> bytes:
    return (
        f"GET /media/{thing.id} HTTP/1.1\r\nHost: localhost\r\n"
        f"Authorization: Bearer {person.access}\r\n\r\n"
    ).encode()


async def read_to_the_end(reader: asyncio.StreamReader) -> bytes:
    received = b""
    try:
        while more := await reader.read(65536):
            received += more
    except ConnectionResetError:
        pass
    return received
