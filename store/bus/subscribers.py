"""Who listens to what in this process."""

from collections.abc import Callable, Iterable

import structlog

from store.bus import Handler, Message, Subscription

_logger = structlog.get_logger("hearth")
TopicChange = Callable[[str], None]


def _nothing(_: str) -> None:
    pass


class Subscribers:
    """Counts the handlers of a topic: only its first and its last concern anybody outside."""

    def __init__(self, *, first: TopicChange = _nothing, last: TopicChange = _nothing) -> None:
        self._first = first
        self._last = last
        self._handlers: dict[str, dict[Subscription, Handler]] = {}

    @property
    def topics(self) -> Iterable[str]:
        return self._handlers.keys()

    def add(self, topic: str, handler: Handler) -> Subscription:
        subscription = Subscription(lambda ended: self._remove(topic, ended))
        handlers = self._handlers.setdefault(topic, {})
        handlers[subscription] = handler
        if len(handlers) == 1:
            self._first(topic)
        return subscription

    def deliver(self, message: Message) -> None:
        for handler in tuple(self._handlers.get(message.topic, {}).values()):
            try:
                handler(message)
            except Exception:
                # One subscriber's bug must not cost the others their message.
                _logger.exception("bus_handler_failed", topic=message.topic)

    def _remove(self, topic: str, subscription: Subscription) -> None:
        handlers = self._handlers.get(topic, {})
        if handlers.pop(subscription, None) is not None and not handlers:
            del self._handlers[topic]
            self._last(topic)
