"""Reads the URL of a place in an object store, for evidence and for ledgers: a bucket of S3, a container of Azure."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from harness.errors import UsageError

AZURE = ("abfs", "abfss")
SCHEMES = ("s3", *AZURE)
HOSTS = (".dfs.core.windows.net", ".blob.core.windows.net")
OPTIONS = {
    "s3": ("region", "scheme", "endpoint_override"),
    "azure": ("enable_tls", "blob_storage_authority", "dfs_storage_authority"),
}
ACCOUNT_VARIABLE, KEY_VARIABLE = "AZURE_STORAGE_ACCOUNT", "AZURE_STORAGE_KEY"  # as Azure's own command reads them


@dataclass(frozen=True, kw_only=True)
class StoreUrl:
    """A place in a store: its `container` is a bucket of S3 too; `key` is an Azure account's, never of the URL."""

    service: str
    container: str
    path: str
    account: str = ""
    options: Mapping[str, str] = field(default_factory=dict)
    key: str | None = field(default=None, repr=False)

    @property
    def scheme(self) -> str:
        """Return whether the store is asked by http or https."""
        return self.options.get("scheme", "https") if self.service == "s3" else _azure_scheme(self.options)


def is_store_url(url: str) -> bool:
    """Tell whether a text is the URL of a bucket or a container."""
    return url.partition("://")[0] in SCHEMES and "://" in url


def read_store_url(url: str, what: str) -> StoreUrl:
    """Return the place that the URL of a ledger or of evidence names. UsageError for one that names none.

    `s3://BUCKET/PATH`, `abfs://CONTAINER@ACCOUNT.dfs.core.windows.net/PATH` or `abfs://ACCOUNT…/CONTAINER/PATH`.
    """
    parsed = urlsplit(url)
    service = "azure" if parsed.scheme in AZURE else parsed.scheme
    options = dict(parse_qsl(parsed.query))
    strange = sorted(set(options) - set(OPTIONS[service]))
    if strange:
        known = ", ".join(OPTIONS[service])
        raise UsageError(f"{what}: {_bare_url(parsed)!r} has the option {strange[0]!r}; the known ones are {known}")
    account, container, path = _azure_parts(parsed) if service == "azure" else ("", parsed.netloc, parsed.path)
    path = unquote(path).strip("/")
    if not (container and path) or "@" in container or (service == "azure" and not account):
        form = "s3://BUCKET/PATH or abfs://CONTAINER@ACCOUNT.dfs.core.windows.net/PATH, without a key"
        raise UsageError(f"{what}: {_bare_url(parsed)!r} is no place in a store; write {form}")
    key = azure_key(url)
    return StoreUrl(service=service, account=account, container=container, path=path, options=options, key=key)


def azure_key(url: str) -> str | None:
    """Return the key that the environment has for the account of a URL, else None: then an identity opens it."""
    parsed = urlsplit(url)
    account = _azure_parts(parsed)[0] if parsed.scheme in AZURE else ""
    named = account and os.environ.get(ACCOUNT_VARIABLE) == account
    return (os.environ.get(KEY_VARIABLE) or None) if named else None


def refuse_insecure_azure(url: str, what: str) -> None:
    """Raise for a URL of Azure that holds a key, or for one without TLS where an identity, not a key, would be sent."""
    parsed = urlsplit(url)
    if parsed.scheme not in AZURE:
        return
    options = dict(parse_qsl(parsed.query.lower()))
    if parsed.password is not None:
        raise UsageError(
            f"{what}: the URL of {_bare_url(parsed)!r} holds a key, which is not read; take it out: Azure is opened "
            "by an identity (of the pod, of `az login`, or AZURE_CLIENT_ID, AZURE_TENANT_ID and AZURE_CLIENT_SECRET), "
            f"or by the key in {KEY_VARIABLE} of the account that {ACCOUNT_VARIABLE} names"
        )
    if _azure_scheme(options) != "https" and azure_key(url) is None:
        raise UsageError(
            f"{what}: the URL of {_bare_url(parsed)!r} says enable_tls={options['enable_tls']}; take that out: Azure "
            f"is opened by an identity, sent over TLS alone. A stand-in for it takes a key, from {KEY_VARIABLE} "
            f"of the account that {ACCOUNT_VARIABLE} names"
        )


def _azure_scheme(options: Mapping[str, str]) -> str:
    return "https" if options.get("enable_tls", "true").lower() in ("true", "1") else "http"


def _azure_parts(parsed: SplitResult) -> tuple[str, str, str]:
    """Return account, container and path; no account where the host is none of Azure's."""
    host = (parsed.hostname or "").lower()
    account = next((host.removesuffix(end) for end in HOSTS if host.endswith(end)), "")
    if parsed.username:
        return account, parsed.username, parsed.path
    container, _, path = parsed.path.lstrip("/").partition("/")
    return account, container, path


def _bare_url(parsed: SplitResult) -> str:
    """Return a URL without what may be secret: whoever is before the host, and the options."""
    return parsed.netloc.rpartition("@")[2] + parsed.path
