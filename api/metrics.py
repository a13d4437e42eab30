"""What the server counts, for Prometheus. Labels name kinds of things, never people or ids."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.gc_collector import GCCollector
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """One registry for one application, so that two in a process (as in tests) don't collide."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry(auto_describe=True)
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        GCCollector(registry=self.registry)
        self.requests = Counter(
            "hearth_http_requests",
            "HTTP requests answered.",
            ["method", "route", "status"],
            registry=self.registry,
        )
        self.request_seconds = Histogram(
            "hearth_http_request_seconds",
            "Seconds from the request's head to its answer.",
            ["method", "route"],
            buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
            registry=self.registry,
        )
        self.refusals = Counter(
            "hearth_refusals",
            "Requests and socket frames refused, by error code.",
            ["code"],
            registry=self.registry,
        )
        self.sockets = Gauge(
            "hearth_sockets_open", "Sockets open now.", ["path"], registry=self.registry
        )
        self.frames = Counter(
            "hearth_socket_frames",
            "Socket frames, by direction.",
            ["path", "direction"],
            registry=self.registry,
        )
        self.sockets_closed = Counter(
            "hearth_sockets_closed",
            "Sockets that the server closed, by close code.",
            ["path", "code"],
            registry=self.registry,
        )

    def exposition(self) -> bytes:
        return generate_latest(self.registry)
