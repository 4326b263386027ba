"""promotion-harness: decides whether a model or an LLM app may be promoted, and can prove it."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness import samples as samples
    from harness.api import recorded_run as recorded_run
    from harness.api import run as run
    from harness.credentials import list_credentials as list_credentials
    from harness.data.datasets import EVERY as EVERY
    from harness.data.datasets import Dataset as Dataset
    from harness.data.datasets import Roles as Roles
    from harness.data.sources import open_table as open_table
    from harness.documents import parse as parse
    from harness.documents import parse_yaml as parse_yaml
    from harness.documents import read_yaml as read_yaml
    from harness.errors import Absent as Absent
    from harness.errors import HarnessError as HarnessError
    from harness.errors import UsageError as UsageError
    from harness.files import digest_folder as digest_folder
    from harness.files import write_atomic as write_atomic
    from harness.gating.wording import DecisionWording as DecisionWording
    from harness.gating.wording import describe_decision as describe_decision
    from harness.judging.views import RunView as RunView
    from harness.judging.views import VerdictView as VerdictView
    from harness.judging.views import explain as explain
    from harness.judging.wording import Wording as Wording
    from harness.judging.wording import describe as describe
    from harness.judging.wording import group_verdicts as group_verdicts
    from harness.plugins.checks import Check as Check
    from harness.plugins.checks import Effort as Effort
    from harness.plugins.checks import check as check
    from harness.plugins.doors import Door as Door
    from harness.plugins.doors import DoorOptions as DoorOptions
    from harness.plugins.hooks import hookimpl as hookimpl
    from harness.plugins.promoters import Promoter as Promoter
    from harness.plugins.promoters import Proof as Proof
    from harness.plugins.reports import PastRun as PastRun
    from harness.plugins.reports import ReadRows as ReadRows
    from harness.plugins.reports import Report as Report
    from harness.plugins.reports import Reporter as Reporter
    from harness.plugins.services import Expect as Expect
    from harness.plugins.services import Reply as Reply
    from harness.plugins.services import Request as Request
    from harness.plugins.services import Service as Service
    from harness.plugins.services import send_request as send_request
    from harness.plugins.targets import Connect as Connect
    from harness.plugins.targets import Datasets as Datasets
    from harness.plugins.targets import OperatingPoint as OperatingPoint
    from harness.plugins.targets import Target as Target
    from harness.plugins.targets import add_decisions as add_decisions
    from harness.plugins.targets import pick as pick
    from harness.plugins.tasks import Executor as Executor
    from harness.plugins.tasks import Perform as Perform
    from harness.plugins.tasks import Task as Task
    from harness.plugins.tasks import TaskResult as TaskResult
    from harness.records.copies import copy_ledger as copy_ledger
    from harness.running.executors import perform_alone as perform_alone
    from harness.stats import estimate as estimate
    from harness.tables.bins import Bins as Bins
    from harness.tables.profile_files import save_profile as save_profile
    from harness.tables.profiles import ColumnProfile as ColumnProfile
    from harness.tables.profiles import Profile as Profile
    from harness.tables.queries import Query as Query
    from harness.tables.scan import rows_of as rows_of
    from harness.tables.sql import Sql as Sql
    from harness.tables.sql import column as column
    from harness.tables.sql import literal as literal
    from harness.tables.sql import sql as sql
    from harness.values.calls import Calls as Calls
    from harness.values.cost import Cost as Cost
    from harness.values.decisions import GateDecision as GateDecision
    from harness.values.decisions import GateFinding as GateFinding
    from harness.values.endpoints import Endpoint as Endpoint
    from harness.values.identity import Identity as Identity
    from harness.values.keys import MetricKey as MetricKey
    from harness.values.measurements import CrossCheck as CrossCheck
    from harness.values.measurements import Measurement as Measurement
    from harness.values.outcomes import GateOutcome as GateOutcome
    from harness.values.outcomes import Outcome as Outcome
    from harness.values.outcomes import worst as worst
    from harness.values.requirements import Requirement as Requirement
    from harness.values.runs import Data as Data
    from harness.values.runs import Run as Run
    from harness.values.samples import Sample as Sample
    from harness.values.statistics import Statistic as Statistic
    from harness.values.statistics import describe_statistic as describe_statistic
    from harness.values.verdicts import Estimate as Estimate
    from harness.values.verdicts import Verdict as Verdict

_HOME = {
    "api": ("recorded_run", "run"),
    "credentials": ("list_credentials",),
    "data.datasets": (
        "Dataset",
        "EVERY",
        "Roles",
    ),
    "data.sources": ("open_table",),
    "documents": ("parse", "parse_yaml", "read_yaml"),
    "errors": (
        "Absent",
        "HarnessError",
        "UsageError",
    ),
    "files": ("digest_folder", "write_atomic"),
    "gating.wording": (
        "DecisionWording",
        "describe_decision",
    ),
    "judging.views": (
        "RunView",
        "VerdictView",
        "explain",
    ),
    "judging.wording": (
        "Wording",
        "describe",
        "group_verdicts",
    ),
    "plugins.promoters": ("Promoter", "Proof"),
    "plugins.reports": (
        "PastRun",
        "ReadRows",
        "Report",
        "Reporter",
    ),
    "plugins.checks": (
        "Check",
        "Effort",
        "check",
    ),
    "plugins.doors": (
        "Door",
        "DoorOptions",
    ),
    "plugins.hooks": ("hookimpl",),
    "plugins.services": (
        "Expect",
        "Reply",
        "Request",
        "Service",
        "send_request",
    ),
    "plugins.targets": (
        "Connect",
        "Datasets",
        "OperatingPoint",
        "Target",
        "add_decisions",
        "pick",
    ),
    "plugins.tasks": (
        "TaskResult",
        "Executor",
        "Perform",
        "Task",
    ),
    "records.copies": ("copy_ledger",),
    "running.executors": ("perform_alone",),
    "stats": ("estimate",),
    "tables.bins": ("Bins",),
    "tables.profile_files": ("save_profile",),
    "tables.profiles": (
        "ColumnProfile",
        "Profile",
    ),
    "values.calls": ("Calls",),
    "values.cost": ("Cost",),
    "values.decisions": ("GateDecision", "GateFinding"),
    "tables.queries": ("Query",),
    "tables.scan": ("rows_of",),
    "tables.sql": (
        "Sql",
        "column",
        "literal",
        "sql",
    ),
    "values.endpoints": ("Endpoint",),
    "values.identity": ("Identity",),
    "values.keys": ("MetricKey",),
    "values.measurements": (
        "Measurement",
        "CrossCheck",
    ),
    "values.outcomes": (
        "GateOutcome",
        "Outcome",
        "worst",
    ),
    "values.requirements": ("Requirement",),
    "values.runs": (
        "Data",
        "Run",
    ),
    "values.samples": ("Sample",),
    "values.statistics": (
        "Statistic",
        "describe_statistic",
    ),
    "values.verdicts": (
        "Estimate",
        "Verdict",
    ),
}
_MODULE_OF = {name: module for module, names in _HOME.items() for name in names}
_MODULES = ("samples",)
__all__ = sorted((*_MODULE_OF, *_MODULES))


def __dir__() -> list[str]:
    """Return the public names, for those who look what there is."""
    return [*__all__, *(name for name in globals() if name.startswith("__"))]


def __getattr__(name: str) -> object:
    """Import a public name when it is first used: `import harness` itself loads nothing."""
    if name in _MODULES:
        return import_module(f"harness.{name}")
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'harness' has no attribute {name!r}")
    return getattr(import_module(f"harness.{_MODULE_OF[name]}"), name)
