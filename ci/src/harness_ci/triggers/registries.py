"""What an alias of MLflow's registry names now; its webhooks only hint at it, as each is delivered at most once."""

import httpx

from harness import HarnessError
from harness_ci.pipelines import Registry

PATIENCE = 10  # seconds
UNKNOWN = ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE")  # there is no such model, or no such alias


def version_named(registry: Registry, token: str) -> str | None:
    """Return the version that the alias names; None where it names none. HarnessError if the registry does not say."""
    what = f"MLflow was asked what {registry.model}@{registry.alias} names, and"
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    asked = {"name": registry.model, "alias": registry.alias}
    url = f"{registry.mlflow.rstrip('/')}/api/2.0/mlflow/registered-models/alias"
    try:
        answer = httpx.get(url, params=asked, headers=headers, timeout=PATIENCE)
        found = answer.json()
        if answer.status_code in (400, 404) and found.get("error_code") in UNKNOWN:
            return None
        version = found["model_version"]["version"] if answer.is_success else None
    except (httpx.HTTPError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise HarnessError(f"{what} did not say: {type(error).__name__}; it is asked again") from error
    if not isinstance(version, str) or not version.isdigit():
        raise HarnessError(f"{what} answered {answer.status_code} and no version; it is asked again")
    return version
