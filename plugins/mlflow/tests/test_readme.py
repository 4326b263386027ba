"""The README's example runs as it stands there."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

README = Path(__file__).parents[1] / "README.md"


def block(kind: str) -> str:
    found = re.search(rf"^```{kind}\n(.*?)^```", README.read_text(), re.DOTALL | re.MULTILINE)
    assert found is not None
    return found[1]


def test_the_example_trains_a_model_and_judges_it(project: Path, harness: Callable[..., Any]) -> None:
    subprocess.run([sys.executable, "-c", block("python")], cwd=project, check=True, capture_output=True)
    (project / "fraud.suite.yaml").write_text(block("yaml"))
    command = block("sh").split()

    done = harness(*command[1:])

    assert (0, "harness") == (done.code, command[0])
    assert "candidate models:/fraud/1 (sha256:" in done.out
    message = f"MLflow  1 run logged to experiment 'demo' at sqlite:///{project}/mlflow.db"
    assert message == done.out.splitlines()[0]
