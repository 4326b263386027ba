"""What the steps of a suite read once it is opened: which columns together, and which datasets cannot be used."""

from collections.abc import Mapping, Sequence

from harness.data.datasets import Roles, verify
from harness.errors import HarnessError, UsageError
from harness.plugins.checks import Performed
from harness.plugins.targets import Target
from harness.suite.steps import Resolved
from harness.tables.sql import Sql


def columns_to_profile(
    steps: Sequence[Resolved], checks: Mapping[str, Performed], targets: Mapping[str, Target]
) -> Mapping[str, tuple[str, ...]]:
    """Return the columns of each dataset that any of the steps asks a profile of."""
    asked: dict[str, tuple[str, ...]] = {}
    for step in steps:
        for name, arguments in step.arguments.items():
            columns = _step_columns(step, checks[step.name], targets[name], arguments) if name in targets else ()
            for dataset in arguments.values():
                asked[dataset] = tuple(dict.fromkeys([*asked.get(dataset, ()), *columns]))
    return asked


def unusable(steps: Sequence[Resolved], targets: Mapping[str, Target]) -> Mapping[tuple[str, str], str]:
    """Return, by target and dataset that steps read there, why its rows or roles do not hold."""
    named = {(n, d): None for step in steps for n, found in step.arguments.items() for d in found.values()}
    held: set[tuple[Sql, Roles]] = set()
    troubles = {(name, data): _trouble(targets[name], data, held) for name, data in named if name in targets}
    return {place: why for place, why in troubles.items() if why}


def _step_columns(step: Resolved, check: Performed, target: Target, arguments: Mapping[str, str]) -> Sequence[str]:
    profiles = check.profiles
    if profiles is None or "data" not in arguments:
        return ()
    try:
        return profiles(target.dataset(arguments["data"]), **check.parameters(step.params))
    except HarnessError:  # the step itself will meet it, and tell
        return ()


def _trouble(target: Target, name: str, held: set[tuple[Sql, Roles]]) -> str:
    """Return why a dataset cannot be used, or nothing; what is `held` was verified before."""
    try:
        data = target.dataset(name)
        if (data.sql, data.roles) not in held:
            verify(data)
        held.add((data.sql, data.roles))
    except UsageError:
        raise
    except HarnessError as error:
        return str(error)
    return ""
