"""Starts a worker: makes `harness` importable without what it needs, and nothing else of the host's environment.

Usage: python -I boot.py FOLDER_OF_HARNESS FILE_DESCRIPTOR (a script, run in the guest's environment)
"""

import ctypes
import importlib
import signal
import sys
from pathlib import Path
from types import ModuleType

PR_SET_PDEATHSIG = 1


def end_with_parent() -> None:
    """Ask Linux to kill this process when the one that started it ends."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def add_package(name: str, folder: Path) -> None:
    """Make a package whose modules can be imported, and whose `__init__` is not run."""
    package = ModuleType(name)
    package.__path__ = [str(folder)]
    sys.modules[name] = package


if __name__ == "__main__":
    end_with_parent()
    add_package("harness", Path(sys.argv[1]))
    importlib.import_module("harness.isolated.guest.work").serve(int(sys.argv[2]))
