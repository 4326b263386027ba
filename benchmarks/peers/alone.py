"""Runs one contestant in this process and prints what it took as JSON; needs the standard library only.

Usage: python alone.py SCRIPT ENTRY FOLDER SMALL PACKAGES
Imports and a first round on the few rows in SMALL count for nobody.
"""

import importlib.util
import json
import os
import resource
import sys
import time
import traceback
import warnings
from importlib import metadata
from pathlib import Path
from types import ModuleType


def load_script(script: Path) -> ModuleType:
    """Return a contestant's script as a module."""
    spec = importlib.util.spec_from_file_location(script.stem, script)
    if spec is None or spec.loader is None:
        raise ImportError(f"{script} is no Python file")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def cpu() -> float:
    """Return the CPU seconds of this process and of those it waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def versions(packages: str) -> dict[str, str]:
    """Return the versions of installed distributions."""
    return {name: metadata.version(name) for name in packages.split(",") if name}


def time_round(script: Path, entry: str, folder: Path, small: Path) -> dict[str, object]:
    """Return what one round took."""
    started = time.perf_counter()
    run = getattr(load_script(script), entry)
    imported = time.perf_counter() - started
    run(small)
    began, used = time.perf_counter(), cpu()
    numbers = run(folder)
    seconds, spent = time.perf_counter() - began, cpu() - used
    return {"seconds": seconds, "cpu": spent, "import": imported, "numbers": numbers}


def first_line(error: BaseException) -> str:
    """Return an error's type and the first line of what it says."""
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__


def main() -> None:
    """Time one contestant; whatever else it prints goes to standard error."""
    warnings.filterwarnings("ignore")
    sys.path.pop(0)  # the folder of this file, whose modules are none of the contestant's business
    answer = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    script, entry, folder, small, packages = sys.argv[1:]
    message: dict[str, object] = {"versions": versions(packages)}
    try:
        message |= time_round(Path(script), entry, Path(folder), Path(small))
    except BaseException as error:  # noqa: BLE001 - a peer's failure is its result, told in its own words
        traceback.print_exc()
        message["failure"] = first_line(error)
    print(json.dumps(message), file=answer, flush=True)


if __name__ == "__main__":
    main()
