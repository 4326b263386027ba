"""What the service counts for Prometheus."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

SECONDS = (0.0005, 0.001, 0.002, 0.003, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
TENTHS = tuple(n / 10 for n in range(1, 11))


class Meters:
    """Requests by path and status, their duration, and scores by model version."""

    def __init__(self, version: str) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter("fraud_requests", "Requests.", ["path", "status"], registry=self.registry)
        self._seconds = Histogram(
            "fraud_request_seconds", "Duration of a request.", ["path"], buckets=SECONDS, registry=self.registry
        )
        scores = Histogram("fraud_score", "Scores.", ["version"], buckets=TENTHS, registry=self.registry)
        self._scores = scores.labels(version)
        self.in_flight = Gauge("fraud_in_flight", "Requests being answered.", registry=self.registry)

    @contextmanager
    def timed(self, path: str) -> Iterator[None]:
        """Observe how long a request takes."""
        started = time.perf_counter()
        try:
            yield
        finally:
            self._seconds.labels(path).observe(time.perf_counter() - started)

    def answered(self, path: str, status: int) -> None:
        """Count an answer."""
        self._requests.labels(path, status).inc()

    def scored(self, scores: list[float]) -> None:
        """Observe scores."""
        for score in scores:
            self._scores.observe(score)

    def text(self) -> bytes:
        """Return everything in Prometheus' text format."""
        return generate_latest(self.registry)
