"""What a child process may know: whoever runs candidate, suite or plugin code gets no credential."""

import ctypes
import os
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

PASSED = ("HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "VIRTUAL_ENV", "SSL_CERT_FILE", "JAVA_HOME")
NOT_DUMPABLE = 4, 0  # prctl(PR_SET_DUMPABLE, 0)


def child_environment(names: Iterable[str], **more: str) -> Mapping[str, str]:
    """Return an environment with those variables alone, and the installed commands on its path."""
    path = f"{Path(sys.executable).parent}:{os.environ.get('PATH', os.defpath)}"
    passed = {name: os.environ[name] for name in (*PASSED, *names) if name in os.environ}
    return {"PATH": path, **passed, "MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "1", **more}


def hide_environment() -> None:
    """Let no process of the same user read this one's environment or memory; Linux alone knows how."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(*NOT_DUMPABLE, 0, 0, 0)
