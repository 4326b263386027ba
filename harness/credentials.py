"""Which variables of an environment sign, or open a ledger, and that none of them is there where plugins run."""

from collections.abc import Iterable, Mapping, Sequence
from urllib.parse import quote

import sqlalchemy as sa

from harness.errors import UsageError

SIGNER = "HARNESS_SIGNER"
LOCAL = "sqlite:///"
SERVICES: Mapping[str, tuple[str, ...]] = {  # the variables that whoever may sign, or write to the ledger, is known by
    "awskms": ("AWS_",),
    "azurekms": ("AZURE_",),
    "gcpkms": ("GOOGLE_", "CLOUDSDK_"),
    "hv": ("VAULT_",),
    "postgresql": ("PG",),
    "s3": ("AWS_",),
    "abfs": ("AZURE_",),
    "abfss": ("AZURE_",),
}
SHORTEST = 6  # characters of a secret that is looked for inside of a variable
WAY_OUT = "`harness run` keeps them from suites and plugins"


def list_credentials(environ: Mapping[str, str], signer: str | None, ledger: str) -> Sequence[str]:
    """Return the names of the variables that say who signs, with what, or how the ledger is reached."""
    scheme, _, place = (signer or "").partition(":")
    key = environ.get(place, "") if scheme == "env" else place
    services = SERVICES.get(scheme, ()) + SERVICES.get(ledger.partition(":")[0].partition("+")[0], ())
    secrets = [signer, key, ledger, *list_passwords(ledger)]
    return [
        name
        for name, value in environ.items()
        if name == SIGNER or name.startswith(services) or _mentions(value, secrets)
    ]


def refuse_credentials(who: str, environ: Mapping[str, str], signer: str | None, ledger: str) -> None:
    """Refuse to run suites and plugins in a process that has a key, or what opens the project's ledger.

    `who` is the front door in words. A ledger in a local file is opened by nothing but the rights of its user.
    """
    url = "" if ledger.startswith(LOCAL) else ledger
    if list_passwords(url):
        raise UsageError(
            f"{who} runs suites and plugins in its own process, and the ledger's URL holds a password; leave that to "
            f"the variables of the job that records, or use `harness run`"
        )
    found = list_credentials(environ, signer, url)
    if found:
        raise UsageError(
            f"{who} runs suites and plugins in its own process, which may have neither a key nor the way into the "
            f"ledger; found {', '.join(sorted(found))} in the environment; start it without, as {WAY_OUT}"
        )


def list_passwords(url: str) -> Sequence[str]:
    """Return the passwords that a URL holds, as it spells them and as they are."""
    try:
        parsed = sa.make_url(url)
    except (sa.exc.ArgumentError, ValueError):  # the latter of a port that is no number
        return ()
    found = [parsed.password, parsed.query.get("password")]
    texts = [str(each) for each in found if each]
    return [text for each in texts for text in (each, quote(each))]


def _mentions(value: str, secrets: Iterable[str | None]) -> bool:
    found = [secret for secret in secrets if secret]
    return any(secret == value or (len(secret) >= SHORTEST and secret in value) for secret in found)
