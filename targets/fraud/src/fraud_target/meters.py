"""What the service counts for Prometheus, in plain numbers: the client's own counters cost a lock for each."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric

SECONDS = (0.0005, 0.001, 0.002, 0.003, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
TENTHS = tuple(n / 10 for n in range(1, 11))


class Tally:
    """How many values were at most each bound, and their sum."""

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds, self._counts, self.total = bounds, [0] * (len(bounds) + 1), 0.0

    def add(self, value: float) -> None:
        """Count a value."""
        self._counts[bisect_left(self._bounds, value)] += 1
        self.total += value

    def buckets(self) -> list[tuple[str, float]]:
        """Return bounds with how many values were at most that."""
        names = [*map(str, self._bounds), "+Inf"]
        return [(name, float(sum(self._counts[: at + 1]))) for at, name in enumerate(names)]


class Meters:
    """Requests by path and status, their duration, scores and fallbacks by model version."""

    def __init__(self) -> None:
        self.in_flight = 0
        self.serving: tuple[str, str] = ("", "")
        self.swaps = self.failed_swaps = 0
        self._requests: Counter[tuple[str, int]] = Counter()
        self._seconds: dict[str, Tally] = {}
        self._scores: dict[str, Tally] = {}
        self._fallbacks: Counter[str] = Counter()

    def count_answer(self, path: str, status: int, seconds: float) -> None:
        """Count an answer and how long it took."""
        self._requests[path, status] += 1
        if path not in self._seconds:
            self._seconds[path] = Tally(SECONDS)
        self._seconds[path].add(seconds)

    def count_scores(self, version: str, scores: Sequence[float]) -> None:
        """Count scores of a model version."""
        if version not in self._scores:
            self._scores[version] = Tally(TENTHS)
        for score in scores:
            self._scores[version].add(score)

    def fell_back(self, version: str, payments: int) -> None:
        """Count payments that got the declared score instead of the model's."""
        self._fallbacks[version] += payments

    def text(self) -> bytes:
        """Return everything in Prometheus' text format."""
        registry = CollectorRegistry()
        registry.register(self)
        return generate_latest(registry)

    def collect(self) -> Iterator[Metric]:
        """Yield everything as Prometheus' families."""
        requests = CounterMetricFamily("fraud_requests", "Requests.", labels=["path", "status"])
        for (path, status), count in self._requests.items():
            requests.add_metric([path, str(status)], count)
        fallbacks = CounterMetricFamily("fraud_fallbacks", "Payments scored without a model.", labels=["version"])
        for version, count in self._fallbacks.items():
            fallbacks.add_metric([version], count)
        model = GaugeMetricFamily("fraud_model", "1 for the model that is served.", labels=["version", "digest"])
        model.add_metric(self.serving, 1)
        yield from (requests, fallbacks, model)
        yield _histogram("fraud_request_seconds", "Duration of a request.", "path", self._seconds)
        yield _histogram("fraud_score", "Scores.", "version", self._scores)
        yield GaugeMetricFamily("fraud_in_flight", "Requests being answered.", self.in_flight)
        yield CounterMetricFamily("fraud_swaps", "Models that replaced another.", self.swaps)
        yield CounterMetricFamily("fraud_failed_swaps", "Attempts to follow the alias that failed.", self.failed_swaps)


def _histogram(name: str, help_text: str, label: str, tallies: dict[str, Tally]) -> Metric:
    family = HistogramMetricFamily(name, help_text, labels=[label])
    for value, tally in tallies.items():
        family.add_metric([value], tally.buckets(), tally.total)
    return family
