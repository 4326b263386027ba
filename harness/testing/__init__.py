"""What authors of plugins test with: a fake target, a check measured as in a run, and what every plugin must keep."""

from harness.pytesting.observe import Observe as Observe
from harness.testing.conform import conformance as conformance
from harness.testing.fakes import FakeTarget as FakeTarget
from harness.testing.fakes import dataset as dataset
from harness.testing.measuring import measure as measure

__all__ = ["FakeTarget", "Observe", "conformance", "dataset", "measure"]
