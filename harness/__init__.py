"""promotion-harness: decides whether a model or an LLM app may be promoted, and can prove it."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.api import run as run
    from harness.checks import Check as Check
    from harness.checks import Effort as Effort
    from harness.checks import check as check
    from harness.datasets import EVERY as EVERY
    from harness.datasets import Dataset as Dataset
    from harness.datasets import Roles as Roles
    from harness.errors import Absent as Absent
    from harness.errors import HarnessError as HarnessError
    from harness.errors import UsageError as UsageError
    from harness.executors import perform_alone as perform_alone
    from harness.files import write_atomic as write_atomic
    from harness.gates import Promoter as Promoter
    from harness.hooks import Reporter as Reporter
    from harness.hooks import hookimpl as hookimpl
    from harness.model import Data as Data
    from harness.model import Estimate as Estimate
    from harness.model import Identity as Identity
    from harness.model import Measurement as Measurement
    from harness.model import Outcome as Outcome
    from harness.model import Reading as Reading
    from harness.model import Run as Run
    from harness.model import Sample as Sample
    from harness.model import Verdict as Verdict
    from harness.model import worst as worst
    from harness.requirements import Requirement as Requirement
    from harness.sources import open_table as open_table
    from harness.tables.bins import Bins as Bins
    from harness.tables.parts import by_file as by_file
    from harness.tables.profiles import ColumnProfile as ColumnProfile
    from harness.tables.profiles import Profile as Profile
    from harness.tables.saved import save_profile as save_profile
    from harness.targets import Connect as Connect
    from harness.targets import Datasets as Datasets
    from harness.targets import OperatingPoint as OperatingPoint
    from harness.targets import Target as Target
    from harness.targets import decided as decided
    from harness.targets import pick as pick
    from harness.words import explain as explain
    from harness.work import Done as Done
    from harness.work import Executor as Executor
    from harness.work import Perform as Perform
    from harness.work import Work as Work

_HOME = {
    "api": ("run",),
    "checks": ("Check", "Effort", "check"),
    "datasets": ("EVERY", "Dataset", "Roles"),
    "errors": ("Absent", "HarnessError", "UsageError"),
    "executors": ("perform_alone",),
    "files": ("write_atomic",),
    "gates": ("Promoter",),
    "hooks": ("Reporter", "hookimpl"),
    "model": (
        "Data",
        "Estimate",
        "Identity",
        "Measurement",
        "Outcome",
        "Reading",
        "Run",
        "Sample",
        "Verdict",
        "worst",
    ),
    "requirements": ("Requirement",),
    "sources": ("open_table",),
    "tables.bins": ("Bins",),
    "tables.parts": ("by_file",),
    "tables.profiles": ("ColumnProfile", "Profile"),
    "tables.saved": ("save_profile",),
    "targets": ("Connect", "Datasets", "OperatingPoint", "Target", "decided", "pick"),
    "words": ("explain",),
    "work": ("Done", "Executor", "Perform", "Work"),
}
_MODULE_OF = {name: module for module, names in _HOME.items() for name in names}
__all__ = sorted(_MODULE_OF)


def __getattr__(name: str) -> object:
    """Import a public name when it is first used: `import harness` itself loads nothing."""
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'harness' has no attribute {name!r}")
    return getattr(import_module(f"harness.{_MODULE_OF[name]}"), name)
