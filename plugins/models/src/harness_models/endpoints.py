"""Which models may be called, where, at what price: `models.yaml` of a project, and nothing else is reached."""

from collections.abc import Mapping
from decimal import Decimal
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from harness import UsageError, parse_yaml

FILE = "models.yaml"
MILLION = Decimal(1_000_000)
Amount = Annotated[Decimal, Field(ge=0, strict=False)]
Seconds = Annotated[float, Field(gt=0, le=3600)]
Variable = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]*$")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Price(_Strict):
    """What a million tokens cost, in the currency of the budget."""

    input: Amount
    output: Amount

    def of(self, read: int, written: int) -> Decimal:
        """Return what so many tokens cost."""
        return (self.input * read + self.output * written) / MILLION


def _plain_url(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("is no URL of http or https, as in https://api.openai.com/v1")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ValueError("holds more than host, port and path; the key stands in the variable that `key` names")
    return url.rstrip("/")


class Endpoint(_Strict):
    """An OpenAI-compatible base URL: which models it may be asked for, at what price, and how patiently.

    `key` names the environment variable with the API key. `version` says which deployment answers, where models have no
    version of their own; a new one makes recorded answers unknown. `max_tokens` is written into requests that set no
    limit; `hidden_tokens` are those that it reads beside a request, as of a prompt of its own. `seconds` is how long
    one answer may take, `deadline` how long a call may, with all its retries.
    """

    url: Annotated[str, AfterValidator(_plain_url)]
    models: Mapping[str, Price | None] = Field(min_length=1)
    key: Variable | None = None
    version: str = ""
    max_tokens: Annotated[int, Field(ge=1)] | None = None
    seconds: Seconds = 60
    deadline: Seconds = 300
    hidden_tokens: Annotated[int, Field(ge=0)] = 0
    at_once: Annotated[int, Field(ge=1, le=1000)] = 128

    @model_validator(mode="after")
    def _keeps_its_key(self) -> "Endpoint":
        parts = urlsplit(self.url)
        if self.key and parts.scheme == "http" and not _is_loopback(parts.hostname or ""):
            raise ValueError("a key would be sent in the clear; use https, or no key")
        return self


class _File(_Strict):
    endpoints: Mapping[Name, Endpoint] = Field(min_length=1)
    recording: str | None = None


class Models(BaseModel):
    """The endpoints by name, and the file in which answers are recorded, if the project names one."""

    endpoints: Mapping[str, Endpoint]
    recording: Path | None = None


def read_models(file: Path) -> Models:
    """Return what a project's `models.yaml` says; what it cannot mean is a UsageError."""
    try:
        document = parse_yaml(file.read_text(encoding="utf-8"), str(file))
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{file} cannot be read: {error}; give a readable file in UTF-8") from error
    try:
        found = _File.model_validate(document)
    except ValidationError as error:
        raise UsageError("; ".join(_complaint(file, each) for each in error.errors())) from error
    return Models(endpoints=found.endpoints, recording=file.parent / found.recording if found.recording else None)


def _complaint(file: Path, error: Any) -> str:
    where = ".".join(str(part) for part in error["loc"])
    return f"{file}: {where or 'the file'}: {error['msg'].removeprefix('Value error, ')}"


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
