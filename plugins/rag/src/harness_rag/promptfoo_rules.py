"""What an assertion of promptfoo asks of an answer's text, as rules of `rag.invariants`."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

Rules = Mapping[str, Sequence[Any]]
ELSEWHERE = {
    "context-faithfulness": "`faithfulness` of rag.answers, with labels",
    "answer-relevance": "`answer_relevance` of rag.answers, with labels",
    "context-recall": "`context_recall` of rag.answers, with gold passages",
    "factuality": "`correctness` of rag.answers, with gold answers",
    "similar": "`correctness` of rag.answers, with gold answers",
    "llm-rubric": "rag.answers with `judge: llm`, and labels",
    "is-refusal": "`abstention` of rag.answers",
    "latency": "latency.open_loop, at a rate of its own",
    "cost": "--budget, before it is spent",
}


class UnconvertedError(ValueError):
    """An assertion that no rule says; the message says why."""


def rules_of(assertion: Mapping[str, Any]) -> Rules:
    """Return the rules that say what an assertion says; what does not convert is an UnconvertedError."""
    kind = str(assertion.get("type"))
    more = sorted(assertion.keys() - {"type", "value", "weight", "metric"})
    if kind.removeprefix("not-") in ELSEWHERE:
        raise UnconvertedError(f"here it is {ELSEWHERE[kind.removeprefix('not-')]}")
    if kind not in KINDS:
        raise UnconvertedError("there is no such rule")
    if more or assertion.get("weight", 1) != 1:
        raise UnconvertedError(f"{', '.join(more) or 'a weight other than 1'} is not known here")
    return KINDS[kind](assertion.get("value"))


def _one(value: object) -> str:
    if not isinstance(value, str | int | float) or isinstance(value, bool) or value == "":
        raise UnconvertedError("its value is no text")
    if "{{" in str(value) or str(value).startswith("file://"):
        raise UnconvertedError("its value is a template or a file")
    return str(value)


def _several(value: object) -> Sequence[str]:
    found = value.split(",") if isinstance(value, str) else value
    if not isinstance(found, list) or not found:
        raise UnconvertedError("its value is no list of texts")
    return [_one(each.strip() if isinstance(each, str) else each) for each in found]


def _pattern(text: str) -> Rules:
    try:
        re.compile(text)
    except re.error as error:
        raise UnconvertedError(f"Python cannot read its expression: {error}") from None
    return {"regex": [text]}


def _any_of(texts: Sequence[str]) -> str:
    return f"(?:{'|'.join(map(re.escape, texts))})"


def _nowhere(pattern: str, flags: str = "") -> Rules:
    return _pattern(rf"{flags}\A(?![\s\S]*{pattern})")


def _schema(value: object) -> Rules:
    if value is None:
        return {"json_schema": [{}]}
    if not isinstance(value, dict):
        raise UnconvertedError("its schema stands in a file; put it in the config")
    return {"json_schema": [value]}


KINDS: Mapping[str, Callable[[Any], Rules]] = {
    "contains": lambda value: {"must_contain": [_one(value)]},
    "contains-all": lambda value: {"must_contain": _several(value)},
    "contains-any": lambda value: _pattern(_any_of(_several(value))),
    "icontains": lambda value: _pattern(f"(?i){re.escape(_one(value))}"),
    "icontains-all": lambda value: {"regex": [f"(?i){re.escape(each)}" for each in _several(value)]},
    "icontains-any": lambda value: _pattern(f"(?i){_any_of(_several(value))}"),
    "not-contains": lambda value: {"must_not_contain": [_one(value)]},
    "not-contains-any": lambda value: {"must_not_contain": _several(value)},
    "not-icontains": lambda value: _nowhere(re.escape(_one(value)), "(?i)"),
    "not-icontains-any": lambda value: _nowhere(_any_of(_several(value)), "(?i)"),
    "equals": lambda value: _pattern(rf"\A{re.escape(_one(value))}\Z"),
    "not-equals": lambda value: _pattern(rf"\A(?!{re.escape(_one(value))}\Z)"),
    "starts-with": lambda value: _pattern(rf"\A{re.escape(_one(value))}"),
    "not-starts-with": lambda value: _pattern(rf"\A(?!{re.escape(_one(value))})"),
    "regex": lambda value: _pattern(_one(value)),
    "not-regex": lambda value: _nowhere(f"(?:{_one(value)})"),
    "is-json": _schema,
}
