"""Reads a suite file into one frozen value: parameters put in, everything unknown refused."""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SkipValidation, field_validator

from harness.data.declarations import Source
from harness.documents import parse, place_text, read_yaml
from harness.errors import UsageError, did_you_mean
from harness.suite.names import SUFFIX, is_suite_name
from harness.text import printable
from harness.values.canonical import sha256
from harness.values.endpoints import parse_endpoint
from harness.values.requirements import MOST_ALPHA, Requirement
from harness.values.versions import FileVersion

Scalar = str | int | float | bool
KINDS: Mapping[str, type] = {"str": str, "int": int, "float": float, "bool": bool}
SCORED_IN = ("score", "decision", "url")  # keys of a target's config that say where scores are


class EnvText(str):
    """What an environment variable holds, which may be secret: an error shows that it is, and not what."""

    def __repr__(self) -> str:
        return "what an environment variable holds"


def _shown(name: str) -> str:
    """Return a name if it can be read as it is written; others would forge lines of reports and look like another."""
    if printable(name) != name:
        raise ValueError(
            f"{printable(name)!r} holds hidden characters, with which it could look like another; rename it"
        )
    return name


Name = Annotated[str, AfterValidator(_shown)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class TargetConfig(_Strict):
    """Which kind of target, and its configuration."""

    kind: str
    config: Mapping[str, Any] = {}


class Override(_Strict):
    """A baseline: the target with some of its configuration replaced."""

    kind: str | None = None
    config: Mapping[str, Any] = {}


def _name_requirement(metric: object, asked: Mapping[str, object]) -> Mapping[str, object]:
    """Return a requirement with its metric, and its slice written as slices are: printable."""
    where = asked.get("where")
    if not isinstance(where, dict) or not all(isinstance(part, str) for pair in where.items() for part in pair):
        return {**asked, "metric": metric}
    return {**asked, "metric": metric, "where": {printable(name): printable(part) for name, part in where.items()}}


class Step(_Strict):
    """One check with its parameters, the slices it is split by, and what it must show."""

    check: Name
    name: Name | None = None
    params: Mapping[str, Any] = Field(default={}, alias="with")
    by: Sequence[str | list[str]] = ()
    require: Mapping[Name, tuple[Requirement, ...]] = {}

    @field_validator("require", mode="before")
    @classmethod
    def _name_requirements(cls, given: object) -> object:
        """Let a metric take one requirement or a list, and put its name into each."""
        if not isinstance(given, dict):
            return given
        listed = {metric: asked if isinstance(asked, list) else [asked] for metric, asked in given.items()}
        return {
            m: [_name_requirement(m, a) if isinstance(a, dict) else a for a in asked] for m, asked in listed.items()
        }

    @property
    def requirements(self) -> Sequence[Requirement]:
        """Return every requirement of the step, in order."""
        return [requirement for asked in self.require.values() for requirement in asked]


class SuiteFile(_Strict):
    """A suite file as written."""

    version: FileVersion = 1
    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
    owner: Name | None = None
    params: Mapping[str, Literal["str", "int", "float", "bool"]] = {}
    data: Mapping[Name, Source] = {}
    target: TargetConfig
    baselines: Mapping[Name, Override] = {}
    endpoints: Mapping[Name, str] = {}
    steps: Sequence[Step] = Field(min_length=1)

    def step_name(self, index: int) -> str:
        """Return a step's own name, else its check's, numbered where a check is used twice."""
        names = [step.name or step.check for step in self.steps]
        same = names[:index].count(names[index])
        return f"{names[index]}#{same + 1}" if same else names[index]


class Suite(SuiteFile):
    """A suite file with its parameters put in, and where and what it is; `written` is the file without them.

    `digest` is of what is written, however it is laid out, and once it is resolved of the files that its checks read.
    """

    path: Path
    digest: str
    values: Mapping[str, Scalar] = {}
    written: Annotated[Mapping[str, Any], SkipValidation] = {}  # as it was read, with its lines

    @property
    def folder(self) -> Path:
        """Return the folder that the suite's paths are relative to."""
        return self.path.parent

    def target_for(self, name: str | None) -> TargetConfig:
        """Return the target's configuration, or that of a baseline.

        One with scores elsewhere is another model: it does not inherit the candidate's name.
        """
        if name is None:
            return self.target
        override = self.baselines[name]
        kind, config = override.kind or self.target.kind, {**self.target.config, **override.config}
        elsewhere = [str(config[key]) for key in SCORED_IN if key in override.config]
        if elsewhere and "model" not in override.config and (kind == "table" or "model" in config):
            config = {key: part for key, part in config.items() if key != "made_by" or key in override.config}
            config |= {} if "made_by" in config else {"model": f"{name} in {', '.join(elsewhere)}"}
        return TargetConfig(kind=kind, config=config)


def suite_schema() -> dict[str, Any]:
    """Return the JSON schema of a suite file as it is written, for editors."""
    schema = SuiteFile.model_json_schema(by_alias=True)
    requirement = schema["$defs"]["Requirement"]
    del requirement["properties"]["metric"]
    requirement.pop("required")
    require = schema["$defs"]["Step"]["properties"]["require"]
    listed = require["additionalProperties"]
    require["additionalProperties"] = {"anyOf": [listed["items"], listed]}
    return schema


def find_suites(paths: Sequence[Path]) -> Sequence[Path]:
    """Return the suite files named, and those below the folders named, in order."""
    found: list[Path] = []
    for path in paths:
        if not path.exists():
            raise UsageError(f"no suite at {str(path)!r}; name a *{SUFFIX} file or a folder with some")
        inside = sorted(filter(_is_suite, path.rglob("*"))) if path.is_dir() else [path]
        if not inside:
            raise UsageError(f"folder {str(path)!r} holds no *{SUFFIX} file; name another")
        found += [suite for suite in inside if suite not in found]
    return found


def _is_suite(path: Path) -> bool:
    return is_suite_name(path.name)


def read_suite(path: Path, params: Mapping[str, str] | None = None, env: Mapping[str, str] | None = None) -> Suite:
    """Return the suite in a file with `{param: NAME}` and `{env: NAME}` replaced by their values."""
    return _parse_suite(path, read_yaml(path), params or {}, env or {})


def _parse_suite(path: Path, document: Mapping[str, Any], params: Mapping[str, str], env: Mapping[str, str]) -> Suite:
    _keys_are_of_one_kind(document, path)
    values = _values(path, document, params)
    filled = {key: part if key == "params" else _fill_values(part, values, env, path) for key, part in document.items()}
    digest = sha256(json.dumps(document, sort_keys=True, default=str))
    suite = parse(SuiteFile, filled, str(path), written=document)
    _no_password_is_written(document.get("data"), path)
    _baselines_exist(suite, path, document)
    _plans_are_good(suite, path, document)
    found = Suite(
        **{
            **dict(suite),
            "endpoints": _endpoints(suite, path, document),
            "path": path.resolve(),
            "digest": digest,
            "values": values,
            "written": document,
        }
    )
    _steps_differ(found)
    return found


def read_suites(paths: Sequence[Path], params: Mapping[str, str], env: Mapping[str, str]) -> Sequence[Suite]:
    """Return several suites, each with the parameters it declares; one that none declares is refused."""
    documents = {path: read_yaml(path) for path in paths}
    declared = {path: param_declarations(document) for path, document in documents.items()}
    for name in params:
        if not any(name in names for names in declared.values()):
            known = did_you_mean(name, [other for names in declared.values() for other in names])
            raise UsageError(f"no suite here has a parameter {name!r} in params{known}")
    own = {path: {name: text for name, text in params.items() if name in declared[path]} for path in paths}
    return [_parse_suite(path, documents[path], own[path], env) for path in paths]


def param_declarations(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the parameters a suite declares by name; what is none of that is told when the suite is parsed."""
    declared = document.get("params")
    return {str(name): kind for name, kind in declared.items()} if isinstance(declared, dict) else {}


def _values(path: Path, document: Mapping[str, Any], given: Mapping[str, str]) -> Mapping[str, Scalar]:
    declared = param_declarations(document)
    for name in given:
        if name not in declared:
            raise UsageError(f"{path}: no parameter {name!r} in params{did_you_mean(name, declared)}")
    missing = [name for name in declared if name not in given]
    if missing:
        raise UsageError(f"{path}: parameter {missing[0]!r} has no value; add --param {missing[0]}=VALUE")
    return {name: _value(path, name, str(kind), given[name]) for name, kind in declared.items()}


def _value(path: Path, name: str, kind: str, text: str) -> Scalar:
    if kind == "bool" and text in ("true", "false"):
        return text == "true"
    try:
        value: Scalar = {"str": str, "int": int, "float": float}[kind](text)
    except (KeyError, ValueError):
        raise UsageError(f"{path}: parameter {name!r} is a {kind}; found {text!r}") from None
    if isinstance(value, float) and not math.isfinite(value):
        raise UsageError(f"{path}: parameter {name!r} must be a finite number; found {text!r}")
    return value


def _fill_values(part: Any, values: Mapping[str, Scalar], env: Mapping[str, str], path: Path) -> Any:
    if isinstance(part, dict) and set(part) == {"param"}:
        return _find_value(part["param"], values, f"{path}: parameter", "declare it in params")
    if isinstance(part, dict) and set(part) == {"env"}:
        return EnvText(_find_value(part["env"], env, f"{path}: environment variable", "set it"))
    if isinstance(part, dict):
        return {key: _fill_values(value, values, env, path) for key, value in part.items()}
    return [_fill_values(value, values, env, path) for value in part] if isinstance(part, list) else part


def _find_value(name: object, known: Mapping[str, Scalar], what: str, remedy: str) -> Scalar:
    if not isinstance(name, str) or name not in known:
        raise UsageError(f"{what} {name!r} has no value; {remedy}")
    return known[name]


def _keys_are_of_one_kind(part: Any, path: Path) -> None:
    """Refuse mappings without an order of their keys, as what is written is signed in that order."""
    keys = list(part) if isinstance(part, Mapping) else []
    odd = [key for key in keys if isinstance(key, tuple) or type(key) is not type(keys[0])]
    if odd:
        place = place_text(part, odd[:1])
        raise UsageError(f"{path}{place}: key {odd[0]!r} is no word as other keys are; write it in quotes")
    for value in part.values() if isinstance(part, Mapping) else part if isinstance(part, list) else ():
        _keys_are_of_one_kind(value, path)


def _no_password_is_written(part: Any, path: Path) -> None:
    """Refuse a connection with a password in the file: files are kept, shown and signed."""
    for key, value in part.items() if isinstance(part, dict) else ():
        if key == "connection" and isinstance(value, str) and "@" in value:
            raise UsageError(f"{path}: a connection with a password is written out; use `connection: {{env: NAME}}`")
        _no_password_is_written(value, path)


def _endpoints(suite: SuiteFile, path: Path, document: Mapping[str, Any]) -> Mapping[str, str]:
    """Return the endpoints by name, each a URL that requests can be sent to."""
    found = {}
    for name, url in suite.endpoints.items():
        try:
            found[name] = parse_endpoint(name, url)
        except UsageError as error:
            raise UsageError(f"{path}{place_text(document, ['endpoints', name])}: {error}") from None
    return found


def _baselines_exist(suite: SuiteFile, path: Path, document: Mapping[str, Any]) -> None:
    for place, step, requirement in _requirements(suite, document):
        named = requirement.versus
        if named is not None and named not in suite.baselines:
            known = did_you_mean(named, suite.baselines)
            raise UsageError(f"{path}{place}: {step.check}.{requirement.metric}: no baseline {named!r}{known}")


def _requirements(suite: SuiteFile, document: Mapping[str, Any]) -> Iterator[tuple[str, Step, Requirement]]:
    """Yield every requirement with its step, and where in the file its metric stands."""
    for index, step in enumerate(suite.steps):
        for requirement in step.requirements:
            yield place_text(document, ["steps", index, "require", requirement.metric]), step, requirement


def _steps_differ(suite: Suite) -> None:
    """Refuse two steps of one name, as by a name that ends in the number another is given: they would be mixed up."""
    names = [suite.step_name(index) for index in range(len(suite.steps))]
    for name in names:
        if names.count(name) > 1:
            raise UsageError(f"{suite.path.name}: {names.count(name)} steps are named {name!r}; rename one")


def _level_error(requirement: Requirement) -> str:
    if requirement.alpha <= MOST_ALPHA:
        return ""
    chance = f"{requirement.alpha:.4g} of candidates exactly at the threshold would pass"
    return f"alpha is at most {MOST_ALPHA:g}; at {requirement.alpha:g}, {chance}"


def _plans_are_good(suite: SuiteFile, path: Path, document: Mapping[str, Any]) -> None:
    """Refuse a level that decides nothing, and plans for one who is not better than asked: no number of rows passes."""
    for place, step, requirement in _requirements(suite, document):
        message = requirement.plan_error() or _level_error(requirement)
        if message:
            raise UsageError(f"{path}{place}: {step.check}.{requirement.metric}: {message}")
