"""What the service counts for Prometheus."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from rag_target.answers import Answer
from rag_target.opening import Book

SECONDS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60)


class Meters:
    """Answers by what became of them, their tokens, cost and durations."""

    def __init__(self, book: Book) -> None:
        self.registry = CollectorRegistry()
        registry = self.registry
        self._answers = Counter("handbook_answers", "Answers by status.", ["status"], registry=registry)
        self._tokens = Counter("handbook_tokens", "Tokens by kind.", ["kind"], registry=registry)
        self._cost = Counter("handbook_cost", "What tokens cost, where their price is known.", registry=registry)
        self._seconds = Histogram(
            "handbook_seconds", "Seconds until each stage.", ["stage"], buckets=SECONDS, registry=registry
        )
        served = Gauge(
            "handbook_version", "1 for the version that is served.", ["version", "digest"], registry=registry
        )
        served.labels(book.version, book.digest).set(1)

    def count(self, answer: Answer) -> None:
        """Count an answer."""
        self._answers.labels(answer.status).inc()
        self._tokens.labels("prompt").inc(answer.usage.prompt_tokens)
        self._tokens.labels("completion").inc(answer.usage.completion_tokens)
        self._cost.inc(answer.cost or 0)
        for stage, seconds in vars(answer.seconds).items():
            self._seconds.labels(stage).observe(seconds)

    def count_failure(self, status: str) -> None:
        """Count a question that got no answer."""
        self._answers.labels(status).inc()

    def text(self) -> bytes:
        """Return everything in Prometheus' text format."""
        return generate_latest(self.registry)
