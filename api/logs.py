"""Logs: a JSON object a line, or readable lines on a terminal; never a secret or a message."""

import logging
import sys
from collections.abc import Callable, Mapping, MutableMapping
from typing import Any, TextIO

import structlog
from pydantic import SecretBytes, SecretStr
from structlog.typing import EventDict, Processor, WrappedLogger

_HIDDEN = "[hidden]"
# The types that hide what they hold say so themselves; this is the net below, for a value that
# somebody logs under the name of a secret.
_SECRET_NAMES = frozenset(
    {
        "access",
        "access_token",
        "authorization",
        "bio",
        "content",
        "cookie",
        "credential",
        "password",
        "pin",
        "refresh",
        "refresh_token",
        "sdp",
        "secret",
        "text",
        "token",
    }
)


def configure_logs(level: str, *, stream: TextIO = sys.stderr) -> None:
    """One way out for our own logs and for those of libraries."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        hide_secrets,
    ]
    if stream.isatty():
        shared.append(show_control_characters)
        last: Processor = structlog.dev.ConsoleRenderer(pad_event_to=0)
    else:
        last = structlog.processors.JSONRenderer(default=repr, ensure_ascii=False)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, last],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("hearth").setLevel(level)
    logging.getLogger("asyncio").addFilter(_once_a_second())
    # It repeats the subprotocols that a client offers, and one of them may be a token.
    logging.getLogger("aiohttp.websocket").setLevel(logging.CRITICAL)


def _once_a_second() -> Callable[[logging.LogRecord], bool]:
    """Asyncio tells of each connection that finds no free file descriptor: once will do."""
    told: dict[str, float] = {}

    def lets_through(record: logging.LogRecord) -> bool:
        if "out of system resource" not in record.getMessage():
            return True
        is_news = record.created - told.get("last", 0) >= 1
        if is_news:
            told["last"] = record.created
        return is_news

    return lets_through


def hide_secrets(_: WrappedLogger, __: str, event: EventDict) -> MutableMapping[str, Any]:
    return {name: _shown(name, value) for name, value in event.items()}


def show_control_characters(
    _: WrappedLogger, __: str, event: EventDict
) -> MutableMapping[str, Any]:
    """A terminal obeys what is written to it, and a path may hold whatever a client likes."""
    return {name: _visible(value) for name, value in event.items()}


def _visible(value: Any) -> Any:
    if not isinstance(value, str) or value.isprintable():
        return value
    return "".join(c if c.isprintable() or c == "\n" else repr(c)[1:-1] for c in value)


def _shown(name: str, value: Any) -> Any:
    if isinstance(value, SecretStr | SecretBytes) or name.lower() in _SECRET_NAMES:
        return _HIDDEN
    if isinstance(value, Mapping):
        return {key: _shown(str(key), inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_shown("", inner) for inner in value]
    return value
