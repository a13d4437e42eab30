"""Logs tell what happened, and nothing that is anybody's secret."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from pydantic import SecretBytes, SecretStr

from api.configuration import Configuration
from api.keyring import Keyring
from api.logs import configure_logs
from store.master_key import LocalMasterKey


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    stream = io.StringIO()
    configure_logs("INFO", stream=stream)
    yield stream
    configure_logs("DEBUG", stream=io.StringIO())


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_each_line_is_one_object_with_its_category(stream: io.StringIO) -> None:
    structlog.get_logger("hearth.chat").info("message_sent", conversation="c_1")
    logging.getLogger("some.library").warning("it %s", "creaks")
    ours, theirs = lines(stream)
    assert (ours["event"], ours["logger"], ours["conversation"]) == (
        "message_sent",
        "hearth.chat",
        "c_1",
    )
    assert theirs["event"] == "it creaks"
    assert ours["timestamp"].endswith("Z")


def test_the_level_is_kept(stream: io.StringIO) -> None:
    structlog.get_logger("hearth.chat").debug("detail")
    assert lines(stream) == []


def test_secrets_are_hidden_by_their_type_and_by_their_name(stream: io.StringIO) -> None:
    structlog.get_logger("hearth.auth").info(
        "signed_in",
        by_type=SecretStr("hunter2"),
        bytes_by_type=SecretBytes(b"hunter2"),
        password="hunter2",
        nested={"refresh_token": "hunter2", "deeper": [{"pin": "hunter2"}]},
        keyring=Keyring(b"hunter2"),
        master=LocalMasterKey(b"hunter2" * 4 + b"1234"),
    )
    assert "hunter2" not in stream.getvalue()
    assert lines(stream)[0]["password"] == "[hidden]"


def test_an_exception_is_one_line_too(stream: io.StringIO) -> None:
    try:
        raise ZeroDivisionError("by nothing")
    except ZeroDivisionError:
        structlog.get_logger("hearth").exception("broke")
    (line,) = lines(stream)
    assert "ZeroDivisionError: by nothing" in line["exception"]


def test_a_terminal_is_not_told_what_to_do_by_a_path() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    configure_logs("INFO", stream=terminal)
    structlog.get_logger("hearth").info("request", path="/\x1b]0;pwned\x07\x1b[2J\rhearth: x")
    configure_logs("DEBUG", stream=io.StringIO())
    assert "\x1b]0" not in terminal.getvalue()
    assert "\x1b[2J" not in terminal.getvalue()
    assert "\x07" not in terminal.getvalue()
    assert "\r" not in terminal.getvalue()


def test_the_library_under_our_sockets_tells_no_offered_protocol(stream: io.StringIO) -> None:
    logging.getLogger("aiohttp.websocket").warning("Client protocols ['bearer.hunter2']")
    assert stream.getvalue() == ""


def test_a_configuration_shows_none_of_its_secrets() -> None:
    secret = "hunter2-hunter2-hunter2-hunter2-hunter2"
    configuration = Configuration(
        _env_file=None,
        secret_key=secret,
        redis_url=f"redis://:{secret}@localhost",
        database_url=f"postgres://x:{secret}@localhost/x",
        hearth_metrics_token=secret,
    )
    assert secret not in repr(configuration)
    assert secret not in str(configuration)
