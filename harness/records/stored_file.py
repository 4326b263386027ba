"""Keeps one file in an object store, for a ledger without a server: replaced only where it is as it was fetched.

Built on obstore, which is imported when a store is first asked: most ledgers need none.
"""

from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from harness.errors import HarnessError, UsageError
from harness.files import write_atomic
from harness.records.database import shown_url
from harness.records.git_branch import Outrun
from harness.records.store_urls import StoreUrl, read_store_url, refuse_insecure_azure

Mode = Literal["create"] | dict[str, str]
NEW: Mode = "create"
OF_NOBODY: Mode = {"e_tag": '"0"'}  # a version that no object has
PROBE = ".conditions"  # an empty object beside the ledger, which shows whether the store keeps to conditions
LOST = ("NoSuchBucket", "ContainerNotFound")  # what stores say where the place itself is not there
RETRIES: Any = {"max_retries": 4, "retry_timeout": timedelta(seconds=60)}
PATIENCE = "120s"


class StoredFile:
    """The object of a URL: its version is the ETag that the store gave it."""

    def __init__(self, url: str) -> None:
        refuse_insecure_azure(url, "ledger")
        self.name = shown_url(url)
        self._place = read_store_url(url, "ledger")
        self._is_proven = False

    def fetch(self, path: Path) -> str | None:
        """Write what the object holds to a path, and return its version; None where there is no object."""
        found = self._read()
        if found is None:
            return None
        content, version = found
        write_atomic(path, content)
        return version

    def push(self, version: str | None, path: Path) -> str:
        """Replace a version of the object, or none, by a file; return the new one. Outrun where another came first."""
        self._require_conditions()
        content = path.read_bytes()
        written = self._write(self._place.path, content, {"e_tag": version} if version else NEW)
        if written is not None:
            return written
        now, new = self._read() or (b"", None)
        if new is not None and now == content:  # a write whose answer was lost was sent again
            return new
        if new == version:
            raise self._error("the store refuses to write what nobody changed")
        raise Outrun

    def _require_conditions(self) -> None:
        """Raise unless the store refuses an object that is there already, and a version that is not."""
        if self._is_proven:
            return
        beside = self._place.path + PROBE
        self._write(beside, b"", NEW)
        if any(self._write(beside, b"", mode) is not None for mode in (NEW, OF_NOBODY)):
            message = "the store writes whatever If-Match and If-None-Match say, so that entries would be lost"
            raise UsageError(f"ledger {self.name}: {message}; keep the ledger in one that does, or in a database")
        self._is_proven = True

    def _read(self) -> tuple[bytes, str] | None:
        try:
            found = self._obstore.get(self._store, self._place.path)
            content, version = bytes(found.bytes()), found.meta["e_tag"]
        except FileNotFoundError as error:
            if any(name in str(error) for name in LOST):
                raise self._error(error) from error
            return None
        except self._errors as error:
            raise self._error(error) from error
        if not version:
            raise self._error("the store gives no ETag, without which entries would be lost")
        return content, version

    def _write(self, path: str, content: bytes, mode: Any) -> str | None:
        """Write an object, and return its version; None where the store refuses, as the condition does not hold."""
        refusals = (self._obstore.exceptions.AlreadyExistsError, self._obstore.exceptions.PreconditionError)
        try:
            version: str | None = self._obstore.put(self._store, path, content, mode=mode, use_multipart=False)["e_tag"]
        except refusals:
            return None
        except self._errors as error:
            raise self._error(error) from error
        if not version:
            raise self._error("the store gives no ETag, without which entries would be lost")
        return version

    def _error(self, error: object) -> HarnessError:
        said = " ".join(str(error).partition("\n\nDebug source")[0].split())
        remedy = "see that bucket or container is there, that it answers, and that you may read and write"
        return HarnessError(f"ledger {self.name}: {said}; {remedy}")

    @cached_property
    def _obstore(self) -> Any:
        try:
            import obstore.store  # noqa: PLC0415 - see above
        except ImportError as error:
            package = "promotion-harness[stores]"
            raise UsageError(f"ledger {self.name} needs obstore; pip install '{package}'") from error
        return obstore

    @cached_property
    def _errors(self) -> tuple[type[Exception], ...]:
        return self._obstore.exceptions.BaseError, OSError, ValueError

    @cached_property
    def _store(self) -> Any:
        open_store = _open_s3 if self._place.service == "s3" else _open_azure
        try:
            return open_store(self._obstore.store, self._place)
        except self._errors as error:
            raise self._error(error) from error


def _open_s3(stores: Any, place: StoreUrl) -> Any:
    config: Any = {"conditional_put": "etag"}
    if region := place.options.get("region"):
        config["region"] = region
    if server := place.options.get("endpoint_override"):
        config["endpoint"] = f"{place.scheme}://{server}"
    return stores.S3Store(place.container, config=config, client_options=_client(place), retry_config=RETRIES)


def _open_azure(stores: Any, place: StoreUrl) -> Any:
    config: Any = {"account_name": place.account}
    if place.key:
        config["account_key"] = place.key
    if authority := place.options.get("blob_storage_authority"):  # as Arrow reads it: with a dot, after the account
        server = f"{place.account}{authority}" if authority.startswith(".") else f"{authority}/{place.account}"
        config["endpoint"] = f"{place.scheme}://{server}"
    return stores.AzureStore(place.container, config=config, client_options=_client(place), retry_config=RETRIES)


def _client(place: StoreUrl) -> Any:
    return {"allow_http": place.scheme == "http", "timeout": PATIENCE}
