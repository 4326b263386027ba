"""What every answer must keep, whatever else it says."""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

from harness import Dataset, Measurement, UsageError, samples
from harness_rag.judged import with_y
from harness_rag.rows import read_rows

METRICS = {"kept": "proportion"}
NO_RULE = "rag.invariants was given no rule; add must_contain, must_not_contain, regex, json_schema or own_rules"
KINDS = ("must_contain", "must_not_contain", "regex", "json_schema")
Rule = Callable[[str], bool]


def measure_invariants(data: Dataset, answer: str, rules: Mapping[str, Rule]) -> Iterator[Measurement]:
    """Yield for each rule the share of answers that keep it; a missing answer keeps none."""
    rows = read_rows(data, {"answer": answer})
    texts = rows.texts("answer")
    for name, keeps in rules.items():
        kept = [float(text is not None and keeps(text)) for text in texts]
        yield Measurement(
            metric="kept",
            sample=samples.rows.proportion(with_y(rows, kept)),
            unit="answers",
            event="kept",
            labels={"rule": name},
        )


def measure_own_rules(data: Dataset, answer: str, column: str) -> Measurement:
    """Return the share of answers that keep the rules of their own row; rows without rules are left out."""
    rows = read_rows(data, {"answer": answer, "rules": column})
    rows = rows.narrow([text is not None for text in rows.texts("rules")])
    pairs = zip(rows.texts("answer"), rows.texts("rules"), strict=True)
    kept = [float(_keeps_all(text, _own_rules(str(own)))) for text, own in pairs]
    return Measurement(
        metric="kept",
        sample=samples.rows.proportion(with_y(rows, kept)),
        unit="answers",
        event="kept",
        labels={"rule": "its own"},
    )


def text_rules(must: Sequence[str], must_not: Sequence[str], patterns: Sequence[str]) -> Mapping[str, Rule]:
    """Return rules of texts that must stand in an answer, must not, and of patterns that must match somewhere."""
    rules: dict[str, Rule] = {f"contains {text}": partial(_contains, text) for text in must}
    rules |= {f"lacks {text}": partial(_lacks, text) for text in must_not}
    return rules | {f"matches {text}": _matches(text) for text in patterns}


def schema_rule(path: Path) -> Rule:
    """Return the rule that an answer is JSON of the schema in a file."""
    try:
        return _json_rule(json.loads(path.read_text(encoding="utf-8")), str(path))
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} is no JSON schema that can be read: {error}") from error


def _json_rule(schema: object, name: str) -> Rule:
    """Return the rule that an answer is JSON of a schema's; the schema may not reach for others elsewhere."""
    from jsonschema import Draft202012Validator  # noqa: PLC0415 - a tenth of a second, and few suites need it
    from jsonschema.exceptions import SchemaError  # noqa: PLC0415
    from referencing import Registry  # noqa: PLC0415
    from referencing.exceptions import Unresolvable  # noqa: PLC0415

    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        raise UsageError(f"{name} is no JSON schema that can be read: {error}") from error
    validator = Draft202012Validator(schema, registry=Registry())

    def keeps(answer: str) -> bool:
        try:
            return bool(validator.is_valid(json.loads(answer, parse_constant=_refuse_constant)))
        except Unresolvable as error:
            raise UsageError(f"{name} refers to {error.ref!r}, which is not in it; put it there") from error
        except (ValueError, RecursionError):
            return False

    return keeps


def _own_rules(text: str) -> Sequence[Rule]:
    """Return the rules that a row's JSON object names, each kind with a list."""
    try:
        own = json.loads(text)
        unknown = sorted(own.keys() - set(KINDS))
        lists = [own.get(kind, []) for kind in KINDS]
    except (ValueError, AttributeError) as error:
        raise UsageError(f"the rules of a row are no JSON object: {text[:80]!r}; correct them") from error
    if unknown or not any(lists) or not all(isinstance(each, list) for each in lists):
        raise UsageError(f"the rules of a row are {text[:80]!r}; give lists by {', '.join(KINDS)}")
    if not all(isinstance(each, str) and each for kind in lists[:3] for each in kind):
        raise UsageError(f"the rules of a row are {text[:80]!r}, and one is no text; correct it")
    return [*text_rules(*lists[:3]).values(), *(_json_rule(each, "a row's schema") for each in lists[3])]


def _keeps_all(text: str | None, rules: Sequence[Rule]) -> bool:
    return text is not None and all(keeps(text) for keeps in rules)


def _contains(text: str, answer: str) -> bool:
    return text in answer


def _lacks(text: str, answer: str) -> bool:
    return text not in answer


def _matches(pattern: str) -> Rule:
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        raise UsageError(f"{pattern!r} is no regular expression: {error}; correct it") from error
    return lambda said: compiled.search(said) is not None


def _refuse_constant(name: str) -> object:
    raise ValueError(f"{name} is no JSON")
