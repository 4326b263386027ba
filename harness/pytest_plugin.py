"""The pytest front door: loaded in every pytest of the environment, so it imports nothing heavy until it is used."""

import shutil
from collections.abc import Generator, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from harness.pytesting.observe import Observe
from harness.pytesting.session import SESSION, open_session, worker_input
from harness.suite.names import is_suite_name

if TYPE_CHECKING:
    from xdist.workermanage import WorkerController


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add what `harness run` takes too."""
    group = parser.getgroup("harness", "promotion-harness: suites as tests")
    group.addoption(
        "--harness-param", action="append", default=[], metavar="NAME=VALUE", help="Value of a suite's parameter."
    )
    group.addoption("--harness-as-of", metavar="TIME", help="Clock of maturity and windows (ISO 8601, UTC).")
    group.addoption("--harness-ledger", metavar="URL", help="Where runs are recorded: a file, sqlite:///PATH.")
    group.addoption("--harness-out", metavar="DIR", help="Where each suite's run is written for another process.")
    group.addoption("--harness-replay", choices=["off", "record", "strict"], help="Which recorded answers are used.")
    group.addoption("--harness-budget", metavar="AMOUNT", help="The most that calls to models may cost, as in 5.00.")


def pytest_configure(config: pytest.Config) -> None:
    """Agree on a session that all processes share."""
    config.stash[SESSION] = open_session(config)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: "WorkerController") -> None:
    """Tell an xdist worker which session it belongs to."""
    node.workerinput.update(worker_input(node.config.stash[SESSION]))


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Collect a suite: an item for each requirement."""
    if not is_suite_name(file_path.name):
        return None
    collected: pytest.Collector = import_module("harness.pytesting.items").SuiteFile.from_parent(parent, path=file_path)
    return collected


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Remember files that were skipped or broke: tests in them may observe."""
    report = yield
    if isinstance(collector, pytest.File) and report.outcome != "passed":
        event = "skipped file" if report.outcome == "skipped" else "broken file"
        collector.config.stash[SESSION].note({"event": event, "test": collector.nodeid})
    return report


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(session: pytest.Session, items: list[pytest.Item]) -> None:
    """Put off what can be judged only after every test has observed."""
    late = [item for item in items if getattr(item, "is_late", False)]
    if late and not session.config.option.collectonly:
        items[:] = [item for item in items if item not in late]
        import_module("harness.pytesting.items").defer_items(session, late)


def pytest_deselected(items: Sequence[pytest.Item]) -> None:
    """Remember tests that would have observed: without them a run is not whole."""
    for item in items:
        if _observes(item):
            item.config.stash[SESSION].note({"event": "deselected", "test": item.nodeid})


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, None, None]:
    """Remember that a test is to observe, so that one which is skipped, or breaks before it does, is missed."""
    if _observes(item):
        item.config.stash[SESSION].note({"event": "met", "test": item.nodeid})
    yield


@pytest.hookimpl(specname="pytest_runtest_setup")
def pytest_start_observing(item: pytest.Item) -> None:
    """Remember that a test was not skipped by a mark."""
    if _observes(item):
        item.config.stash[SESSION].note({"event": "started", "test": item.nodeid})


@pytest.fixture
def observe(request: pytest.FixtureRequest) -> Observe:
    """Record `observe("metric", id="q17", ok=True)`: the session's rows are judged by a suite's `check: observed`."""
    return Observe(session=request.config.stash[SESSION], test=request.node.nodeid)


@pytest.hookimpl(wrapper=True)
def pytest_runtestloop(session: pytest.Session) -> Generator[None, bool, bool]:
    """Judge what was observed when all tests are through, and record what is whole, also when they were stopped."""
    try:
        finished = yield
    except BaseException:  # Ctrl-C, -x, errors of collection
        if _leads(session.config):
            import_module("harness.pytesting.closing").close_early(session)
        raise
    if _leads(session.config):
        import_module("harness.pytesting.closing").close(session)
    if session.config.stash[SESSION].folder.exists():
        import_module("harness.pytesting.door").keep_answers(session.config)
    return finished


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Show the verdicts and where they are recorded."""
    if _leads(config):
        import_module("harness.pytesting.closing").summarize(terminalreporter, config)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """Close what was opened, and clean up."""
    session = config.stash.get(SESSION, None)
    if session is not None and session.folder.exists():
        import_module("harness.pytesting.door").leave(config)
        if not session.worker:
            shutil.rmtree(session.folder, ignore_errors=True)


def _observes(item: pytest.Item) -> bool:
    return "observe" in getattr(item, "fixturenames", ())


def _leads(config: pytest.Config) -> bool:
    """Tell whether this is the process that records, and there is something to record."""
    session = config.stash.get(SESSION, None)
    if session is None or session.worker or config.option.collectonly:
        return False
    return session.folder.exists()
