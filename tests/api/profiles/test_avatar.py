"""A picture of oneself: from the form to the page, and what is left of the one before."""

import asyncio

import pytest

from store import media
from tests.support.family import Person
from tests.support.pictures import BLUE, RED, colour_at, opened, plain, saved
from tests.support.server import Server
from tests.support.uploads import blobs, form, held_open, quarantine, send_avatar
from tests.support.waiting import eventually

MIB = 1024 * 1024


async def shown(person: Person, url: str) -> bytes:
    answered = await person.ask("GET", url)
    assert answered.status == 200
    return answered.raw


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
async def test_a_picture_becomes_a_square_that_everybody_sees(
    mara: Person, admin: Person, kind: str
) -> None:
    answered = await send_avatar(mara, saved(plain((900, 600)), kind))
    assert answered.status == 200, answered.body
    url = answered.body["avatar_url"]
    assert (await mara.ask("GET", "/profiles/me")).body == answered.body
    assert (await admin.ask("GET", f"/users/{mara.username}")).body["avatar_url"] == url
    picture = opened(await shown(admin, url))
    assert (picture.format, picture.size) == ("WEBP", (512, 512))
    assert colour_at(picture, 0.5, 0.5) == RED


async def test_the_address_tells_nothing_and_can_t_be_guessed(mara: Person) -> None:
    picture = saved(plain())
    urls = [(await send_avatar(mara, picture)).body["avatar_url"] for _ in range(2)]
    assert urls[0] != urls[1]
    assert all(len(url) == len("/media/") + 22 for url in urls)


async def test_the_picture_before_goes_and_its_address_with_it(house: Server, mara: Person) -> None:
    first = (await send_avatar(mara, saved(plain()))).body["avatar_url"]
    second = (await send_avatar(mara, saved(plain(colour=BLUE)))).body["avatar_url"]
    assert (await mara.ask("GET", first)).code == "NOT_FOUND"
    assert colour_at(opened(await shown(mara, second)), 0.5, 0.5) == BLUE
    await eventually(lambda: len(blobs(house)) == 1)
    assert await shown(mara, second)


async def test_of_pictures_sent_at_once_one_is_left(house: Server, mara: Person) -> None:
    answers = await asyncio.gather(*(send_avatar(mara, saved(plain())) for _ in range(4)))
    assert {answer.status for answer in answers} == {200}
    await eventually(lambda: len(blobs(house)) == 1)
    url = (await mara.ask("GET", "/profiles/me")).body["avatar_url"]
    assert await shown(mara, url)


async def test_it_is_not_changed_by_putting_the_profile_back(mara: Person) -> None:
    url = (await send_avatar(mara, saved(plain()))).body["avatar_url"]
    for sent in (None, "/media/another", url):
        answered = await mara.ask("PUT", "/profiles/me", json={"avatar_url": sent})
        assert answered.body["avatar_url"] == url


async def test_five_mebibytes_are_taken_and_one_byte_more_is_not(mara: Person) -> None:
    picture = saved(plain())
    # What follows a picture's end is no part of it.
    largest = picture + bytes(5 * MIB - len(picture))
    assert (await send_avatar(mara, largest)).status == 200
    answered = await send_avatar(mara, largest + b"x")
    assert (answered.status, answered.code) == (413, "PAYLOAD_TOO_LARGE")


@pytest.mark.parametrize(
    "content", [b"", b"GIF89a" + bytes(20), b"<svg/>", b"PK\x03\x04", b"<html>\xff\xd8\xff"]
)
async def test_what_is_no_picture_is_told_by_its_content(mara: Person, content: bytes) -> None:
    body, headers = form(("file", content))
    body = body.replace(b"text/plain", b"image/jpeg").replace(b"../../etc/passwd", b"me.jpg")
    answered = await mara.ask("POST", "/profiles/me/avatar", data=body, headers=headers)
    assert (answered.status, answered.code) == (415, "UNSUPPORTED_MEDIA_TYPE")


async def test_what_is_broken_is_rejected_and_leaves_nothing(house: Server, mara: Person) -> None:
    before = (await send_avatar(mara, saved(plain()))).body["avatar_url"]
    answered = await send_avatar(mara, saved(plain((300, 300)), "PNG")[:200])
    assert (answered.status, answered.code) == (422, "MEDIA_REJECTED")
    assert (await mara.ask("GET", "/profiles/me")).body["avatar_url"] == before
    assert len(blobs(house)) == 1
    assert list(quarantine(house).iterdir()) == []
    assert held_open(quarantine(house)) == 0


async def test_what_goes_with_it_is_refused(mara: Person) -> None:
    body, headers = form(("file", saved(plain())), ("caption", "me"))
    answered = await mara.ask("POST", "/profiles/me/avatar", data=body, headers=headers)
    assert (answered.status, answered.code) == (400, "VALIDATION_FAILED")
    answered = await mara.ask("POST", "/profiles/me/avatar", json={"file": "x"})
    assert (answered.status, answered.code) == (415, "UNSUPPORTED_MEDIA_TYPE")


async def test_what_could_not_be_kept_does_not_stay_in_the_storage(
    house: Server, mara: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object, **__: object) -> None:
        raise RuntimeError("the database said no")

    monkeypatch.setattr(media, "add", fail)
    assert (await send_avatar(mara, saved(plain()))).status == 500
    assert blobs(house) == []
