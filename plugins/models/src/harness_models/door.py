"""Opens the door of a run to the models that its project declares."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from harness import Calls, Cost, DoorOptions, HarnessError, UsageError, write_atomic
from harness_models.books import Books
from harness_models.budget import Budget
from harness_models.desk import Desk
from harness_models.endpoints import FILE, Models, read_models
from harness_models.journal import Answered, Journal, answered, as_kept, read_lines
from harness_models.server import Server

RECORDING = "recording.jsonl"


class OpenDoor:
    """A door that serves; what it knows is told per step."""

    def __init__(self, desk: Desk, server: Server, recording: Path) -> None:
        self._desk, self._server, self._recording = desk, server, recording
        self.is_kept = False

    @property
    def declared(self) -> Mapping[str, str]:
        """Return the URLs by endpoint that the project declares."""
        return {name: each.url for name, each in self._desk.models.endpoints.items()}

    def urls(self, suite: str, step: str, endpoints: Mapping[str, str]) -> Mapping[str, str]:
        """Return where a step of a suite reaches its endpoints; one that is not declared so is a UsageError."""
        for name, url in endpoints.items():
            self._refuse_other(name, url.rstrip("/"))
        return {name: self._server.url(suite, step, name) for name in endpoints}

    def _refuse_other(self, name: str, url: str) -> None:
        declared = self.declared
        if name not in declared:
            known = ", ".join(declared)
            raise UsageError(f"the suite's endpoint {name!r} is not in {FILE}, which declares {known}; add it there")
        if declared[name] != url:
            said = f"{url}, and {FILE} says {declared[name]}"
            raise UsageError(f"the suite's endpoint {name!r} is {said}; say the same in both")

    def cost(self, suite: str, step: str) -> Cost:
        """Return what a step's calls took so far."""
        return self._desk.books.cost(suite, step)

    def calls(self, suite: str, step: str) -> Calls | None:
        """Return how a step's calls were answered so far; None if it made none."""
        return self._desk.books.calls(suite, step, self._desk.replay)

    def keep(self) -> None:
        """Record what was answered, if asked to; where each call was answered, nothing is left to resume."""
        if self._desk.replay == "record":
            known = {**read_recording(self._recording), **self._desk.known}
            write_atomic(self._recording, as_kept(known))
        self.is_kept = not self._desk.books.has_failures


@contextmanager
def open_door(options: DoorOptions) -> Iterator[OpenDoor]:
    """Serve the models of a project on loopback; what an interrupted run paid for is not asked again."""
    models = read_models(options.root / FILE)
    _refuse_unpriced(models, options)
    keys = _keys(models, options)
    recording = models.recording or options.store / RECORDING
    recorded = {} if options.replay == "off" else read_recording(recording)
    if options.replay == "strict" and not recorded:
        raise UsageError(f"{recording} holds no answers to replay; run with --replay record first")
    journal = Journal(options.store)
    unfinished = journal.take_over()
    books = Books(Budget(options.budget, unfinished.spent), journal)
    resumed = {} if options.replay == "strict" else unfinished.answers
    desk = Desk(models, keys, options.replay, {**resumed, **recorded}, books)
    server = Server(desk)
    door = OpenDoor(desk, server, recording)
    try:
        yield door
    finally:
        server.close()
        journal.close(is_done=door.is_kept)


def read_recording(path: Path) -> Mapping[str, Answered]:
    """Return the recorded answers by key; of a file that is not there, none."""
    if not path.exists():
        return {}
    try:
        return {line["key"]: answered(line, "replayed") for line in read_lines(path)}
    except (OSError, KeyError, TypeError, AttributeError, ValueError, ArithmeticError) as error:
        raise HarnessError(f"{path} cannot be read as recorded answers: {error!r}; record it anew") from error


def _refuse_unpriced(models: Models, options: DoorOptions) -> None:
    unknown = [f"{name}/{model}" for name, each in models.endpoints.items() for model, price in each.models.items()
               if price is None]  # fmt: skip
    if options.budget is not None and unknown:
        raise UsageError(
            f"--budget cannot be held: models.yaml gives no price for {', '.join(unknown)}; write `input` and `output` "
            f"per million tokens, 0 where it is free"
        )


def _keys(models: Models, options: DoorOptions) -> Mapping[str, str]:
    """Return the API keys by endpoint; one that is declared and not set is an error, unless nothing is sent."""
    found = {name: options.environ.get(each.key, "") for name, each in models.endpoints.items() if each.key}
    missing = [str(models.endpoints[name].key) for name, key in found.items() if not key]
    if missing and options.replay != "strict":
        raise UsageError(f"the variable {missing[0]} is not set, which holds an API key; set it")
    return found
