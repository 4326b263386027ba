"""The plugin `mlflow` keeps what every plugin must keep, and is light until it is used."""

import subprocess
import sys

from harness.testing import conformance

LOOK = """
import sys
import harness_mlflow as plugin
offered = {**plugin.harness_targets(), **plugin.harness_reporters(), **plugin.harness_promoters()}
print(sorted(offered), [name for name in ("mlflow", "sklearn", "pandas") if name in sys.modules])
"""
QUIET = "import harness_mlflow.target; from mlflow.telemetry.utils import is_telemetry_disabled as off; print(off())"


def test_conformance() -> None:
    conformance("mlflow")


def test_listing_what_the_plugin_offers_imports_no_mlflow() -> None:
    done = subprocess.run([sys.executable, "-c", LOOK], capture_output=True, text=True, check=True)

    assert "['mlflow'] []\n" == done.stdout


def test_mlflow_sends_no_telemetry() -> None:
    done = subprocess.run([sys.executable, "-c", QUIET], capture_output=True, text=True, check=True)

    assert "True\n" == done.stdout
