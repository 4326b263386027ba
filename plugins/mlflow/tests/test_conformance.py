"""The plugin `mlflow` keeps what every plugin must keep, and is light until it is used."""

import os
import subprocess
import sys

from harness.testing import conformance

LOOK = """
import os, sys
import harness_mlflow as plugin
offered = {**plugin.harness_targets(), **plugin.harness_reporters(), **plugin.harness_promoters()}
print(sorted(offered), [name for name in ("mlflow", "sklearn", "pandas") if name in sys.modules])
print(os.environ["MLFLOW_DISABLE_TELEMETRY"])
"""


def test_conformance() -> None:
    conformance("mlflow")


def test_a_plugin_that_is_only_listed_imports_no_mlflow_and_turns_telemetry_off() -> None:
    bare = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_")}

    done = subprocess.run([sys.executable, "-c", LOOK], capture_output=True, text=True, check=True, env=bare)

    assert "['mlflow'] []\ntrue\n" == done.stdout
