"""Changes one thing at a time in what judges and decides, and says which changes no test notices. Run it weekly.

Usage: python benchmarks/mutants.py [--count 100] [--seed 0] [--only harness/gating/family.py]

Each mutant is one change of one module's syntax tree. A forked process imports it in place of the file, which is never
written, and runs the tests of that module until one fails. One that outlives its tests is a missing test, or means the
same. A mutant that needs more CPU time than the limit is killed, and named. Each module unchanged must pass first.
"""

import argparse
import ast
import importlib
import importlib.util
import os
import platform
import random
import resource
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import hypothesis
import pytest
from mutations import Mutant, mutate

ROOT = Path(__file__).parents[1]
JUDGING, GATING = ("tests/judging/test_judge.py", "tests/judging/test_looks.py"), ("tests/gating",)
MODULES = {
    "harness/judging/judge.py": JUDGING,
    "harness/judging/looks.py": JUDGING[::-1],
    "harness/judging/taking.py": JUDGING[::-1],
    "harness/judging/pooling.py": JUDGING[::-1],
    "harness/gating/decide.py": ("tests/gating/test_gates.py", *GATING, "tests/judging/test_looks.py"),
    "harness/gating/gates.py": ("tests/gating/test_gates.py", *GATING),
    "harness/gating/family.py": ("tests/gating/test_family.py", *GATING),
    "harness/gating/standing.py": ("tests/gating/test_standing.py", *GATING),
    "harness/gating/waivers.py": ("tests/gating/test_waivers.py", *GATING),
    "harness/gating/attempts.py": ("tests/gating/test_attempts.py", *GATING),
    "harness/running/slices.py": ("tests/running/test_slices.py", "tests/judging/test_looks.py"),
}
SLOW = "not workers_of_pytest and not five_retries and not twelve_musts and not ten_thousand"
OPTIONS = ("-x", "-q", "-o", "addopts=--import-mode=importlib", "-p", "no:cacheprovider", "-k", SLOW)
HYPOTHESIS = ("-p", "_hypothesis_pytestplugin", "--hypothesis-profile", "mutants")
NOT_IMPORTED = 99
PRELOADED = (  # what the tests import and no mutant changes: loaded once, it costs a fork nothing
    *("duckdb", "pandas", "pyarrow.compute", "pyarrow.parquet", "pyarrow.dataset", "rich.console"),
    *("scipy.stats", "sqlalchemy.dialects.sqlite", "harness.data.datasets", "harness.stats", "harness.suite.steps"),
)


def run_tests(mutant: Mutant, seconds: int) -> int:
    """Return pytest's exit code in a process of its own, where the module is the mutant."""
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)
    name = mutant.module.removesuffix(".py").replace("/", ".")
    try:
        import_mutant(name, mutant)
        code = int(pytest.main([*OPTIONS, *HYPOTHESIS, *MODULES[mutant.module]]))
    except BaseException:  # noqa: BLE001 - nothing that a mutant raises may reach the process that counts
        return 1
    return code if hasattr(sys.modules.get(name), "IS_MUTANT") else NOT_IMPORTED


def import_mutant(name: str, mutant: Mutant) -> None:
    """Import the module from the mutant's tree; whoever imports it afterwards gets this one."""
    if name in sys.modules:
        raise ImportError(f"{name} was imported before its mutant")
    spec = importlib.util.spec_from_file_location(name, ROOT / mutant.module)
    module = importlib.util.module_from_spec(spec)
    importlib.import_module(name.rpartition(".")[0])
    sys.modules[name] = module
    exec(compile(mutant.tree, str(ROOT / mutant.module), "exec"), module.__dict__)
    module.IS_MUTANT = True


def start(mutant: Mutant, seconds: int) -> int:
    """Return the id of a new process that ends with 0 only if the mutant outlives its tests."""
    child = os.fork()
    if not child:
        os._exit(run_tests(mutant, seconds))
    return child


def run_all(mutants: Sequence[Mutant], jobs: int, seconds: int) -> Iterator[tuple[Mutant, int]]:
    """Yield each mutant with the exit code of its tests, some at a time."""
    waiting, running = list(reversed(mutants)), dict[int, Mutant]()
    while waiting or running:
        while waiting and len(running) < jobs:
            mutant = waiting.pop()
            running[start(mutant, seconds)] = mutant
        child, status = os.wait()
        yield running.pop(child), os.waitstatus_to_exitcode(status)


def list_unchanged() -> list[Mutant]:
    """Return each module as it is, in the place of a mutant: its tests must pass."""
    trees = {module: ast.parse((ROOT / module).read_text(encoding="utf-8")) for module in MODULES}
    return [Mutant(module=module, line=0, before="", after="", tree=tree) for module, tree in trees.items()]


def sample(count: int, seed: int, only: str) -> list[Mutant]:
    """Return so many mutants drawn from all modules."""
    sources = {module: (ROOT / module).read_text(encoding="utf-8") for module in MODULES if only in module}
    every = [mutant for module, source in sources.items() for mutant in mutate(module, source)]
    drawn = random.Random(seed).sample(every, min(count, len(every)))
    print(f"{len(drawn)} of {len(every)} mutants of {len(sources)} modules, seed {seed}", flush=True)
    return drawn


def count_killed(mutants: Sequence[Mutant], jobs: int, seconds: int) -> int:
    """Return how many were killed, and print the others as they end."""
    killed = 0
    for mutant, code in run_all(mutants, jobs, seconds):
        if code == NOT_IMPORTED:
            sys.exit(f"the tests of {mutant.module} did not import its mutant, so they prove nothing")
        killed += code != 0
        if code in (0, -signal.SIGXCPU):
            fate = "slow " if code else "lives"
            print(f"{fate}  {mutant.module}:{mutant.line}\n  - {mutant.before}\n  + {mutant.after}", flush=True)
    return killed


def main() -> None:
    """Run the mutants and print those that live."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--seconds", type=int, default=120, help="of CPU, after which a mutant counts as killed")
    parser.add_argument("--only", default="", help="modules whose path has this in it")
    given = parser.parse_args()
    os.chdir(ROOT)
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # plugins that these tests do not need cost seconds each time
    checks = list(hypothesis.HealthCheck)  # neither these nor a deadline: a busy machine must kill no mutant
    hypothesis.settings.register_profile(
        "mutants", derandomize=True, deadline=None, database=None, suppress_health_check=checks
    )
    for name in PRELOADED:
        importlib.import_module(name)
    began, whole = time.monotonic(), [each for each in list_unchanged() if given.only in each.module]
    failed = [mutant.module for mutant, code in run_all(whole, given.jobs, given.seconds) if code]
    if failed:
        sys.exit(f"tests fail without any change: {', '.join(failed)}")
    drawn = sample(given.count, given.seed, given.only)
    killed = count_killed(drawn, given.jobs, given.seconds)
    machine = f"{platform.machine()}, {os.cpu_count()} cores, CPython {platform.python_version()}"
    print(f"{killed} of {len(drawn)} killed in {time.monotonic() - began:.0f} s ({machine})")


if __name__ == "__main__":
    main()
