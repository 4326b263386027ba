"""The target: a model with the suite's datasets, each of them scored once, when it is first asked for."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import RLock

from harness import Dataset, Datasets, Identity, OperatingPoint, add_decisions, pick
from harness_mlflow.model import Model, load_model
from harness_mlflow.registry import Store, locate_model
from harness_mlflow.scoring import score_dataset


@dataclass(frozen=True, kw_only=True)
class Scorer:
    """An opened model; its lock lets one thread score while the others wait for the same rows."""

    datasets: Datasets
    model: Model
    own: str
    point: OperatingPoint | None
    folder: Path
    url: str | None = None
    _scored: dict[str, Dataset] = field(default_factory=dict)
    _judged: dict[str, Dataset] = field(default_factory=dict)
    _lock: RLock = field(default_factory=RLock)

    def identity(self) -> Identity:
        """Return the version that was opened: an alias that moves since then changes nothing."""
        return self.model.identity

    def dataset(self, name: str) -> Dataset:
        """Return a dataset with the model's scores and decisions.

        Rows that are not the model's own, and lack an id or a column it reads, are returned as they are.
        """
        with self._lock:
            if name not in self._judged:
                self._judged[name] = self._with_decision(name)
            return self._judged[name]

    def _with_decision(self, name: str) -> Dataset:
        rows, reference = self._with_score(name), self._reference
        if self.point is None or rows.roles.score is None or (name == reference and name != self.own):
            return rows
        return add_decisions(rows, self.point, self._with_score(reference) if reference else None)

    def _with_score(self, name: str) -> Dataset:
        if name not in self._scored:
            rows = pick(self.datasets, name)
            file = self.folder / f"{len(self._scored)}.parquet"
            self._scored[name] = score_dataset(rows, self.model, file) if self._is_scored(rows) else rows
        return self._scored[name]

    def _is_scored(self, rows: Dataset) -> bool:
        asked_for = rows.name in (self.own, self._reference)
        return asked_for or (rows.roles.id is not None and not self.model.missing(rows))

    @property
    def _reference(self) -> str | None:
        """Return the rows that an alert rate is taken on."""
        return self.point.rows if self.point else None


@contextmanager
def open_model(
    datasets: Datasets,
    *,
    data: str,
    model: str,
    store: Store,
    columns: Sequence[str] | None,
    point: OperatingPoint | None,
) -> Iterator[Scorer]:
    """Open a model; its copy and the scores live in a temporary folder until the target is closed."""
    own = pick(datasets, data).name
    found = locate_model(model, store)
    with TemporaryDirectory(prefix="harness-mlflow-") as temporary:
        folder = Path(temporary)
        opened_model = load_model(found, store, columns, folder / "model")
        yield Scorer(datasets=datasets, model=opened_model, own=own, point=point, folder=folder)
