"""Reads YAML strictly: bounded, no key given twice, and `on`, `no`, `010` and `1:30` are words."""

import re
from collections.abc import Hashable, Iterator, Mapping
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.composer import MaxDepthExceededError
from ruamel.yaml.constructor import SafeConstructor
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, SequenceNode
from ruamel.yaml.resolver import VersionedResolver
from ruamel.yaml.scanner import Scanner

from harness.errors import UsageError

Place = tuple[int, int]

SIZE = 2_000_000  # characters
DEPTH = 100
NODES = 200_000  # with aliases written out: a few nested ones make billions
MAP = "tag:yaml.org,2002:map"
MERGE = "tag:yaml.org,2002:merge"
FLOAT = r"[-+]?(?:(?:\d[\d_]*)?\.\d+|\d[\d_]*\.|\d[\d_]*(?=[eE]))(?:[eE][-+]?\d+)?|[-+]?\.(?:inf|nan)"
DAY = r"\d{4}-\d\d-\d\d"
CLOCK = r"\d\d?:\d\d:\d\d(?:\.\d*)?(?:[ \t]*(?:Z|[-+]\d\d?(?::\d\d)?))?"
PLAIN = {
    "bool": ("true|True|TRUE|false|False|FALSE", "tTfF"),
    "int": (r"[-+]?(?:0|[1-9][0-9_]*)|0x[0-9a-fA-F]+", "-+0123456789"),
    "float": (FLOAT, "-+.0123456789"),
    "null": ("~|null|Null|NULL|", "~nN"),
    "timestamp": (rf"{DAY}(?:(?:[Tt]|[ \t]+){CLOCK})?", "0123456789"),
    "merge": ("<<", "<"),
}


class Keys(dict[Any, Any]):
    """A mapping that was read; `places` holds the line and column of each of its keys, counted from 1."""

    places: Mapping[Any, Place] = {}


class _Resolver(VersionedResolver):
    """What a plain word is: of YAML 1.2 the booleans and numbers that nobody takes for anything else."""

    @property
    def versioned_resolver(self) -> dict[str, list[tuple[str, re.Pattern[str]]]]:
        return RULES


class _Scanner(Scanner):
    """Ends where brackets are nested too deeply: it looks 1,024 characters ahead for a key, anew for each of them."""

    def fetch_flow_collection_start(self, TokenClass: Any, to_push: str) -> None:
        if self.flow_level >= DEPTH:
            raise MaxDepthExceededError(problem_mark=self.reader.get_mark())
        super().fetch_flow_collection_start(TokenClass, to_push)


class _Constructor(SafeConstructor):
    """Makes values of a document that was found to be of a bearable size, and each mapping one that knows its lines."""

    def construct_document(self, node: Node) -> Any:
        size, _ = _extent(node, {}, 0)
        if size > NODES:
            raise _Unbearable(f"holds more than {NODES:,} values once its aliases are written out; write fewer")
        return super().construct_document(node)

    def construct_keys(self, node: MappingNode) -> Iterator[Keys]:
        """Yield a mapping, then fill it, as one that holds itself must be there before it is filled."""
        keys = Keys()
        yield keys
        keys.places = self._places(node)
        keys.update(self.construct_mapping(node))

    def _places(self, node: MappingNode) -> Mapping[Any, Place]:
        """Return where each key stands; ruamel.yaml lets a key be given twice beside a `<<`."""
        places: dict[Any, Place] = {}
        for key_node in (key_node for key_node, _ in node.value if key_node.tag != MERGE):
            key = self.construct_object(key_node, deep=True)
            mark = key_node.start_mark
            if isinstance(key, Hashable) and key in places:
                raise MarkedYAMLError(problem=f"key {key!r} is given twice; keep one", problem_mark=mark)
            if isinstance(key, Hashable):
                places[key] = mark.line + 1, mark.column + 1
        return places


class _Unbearable(Exception):
    """A document is too large or too deep to be read."""


def _rules() -> dict[str, list[tuple[str, re.Pattern[str]]]]:
    rules: dict[str, list[tuple[str, re.Pattern[str]]]] = {}
    for name, (pattern, firsts) in PLAIN.items():
        for first in (*firsts, *([""] if name == "null" else [])):
            rules.setdefault(first, []).append((f"tag:yaml.org,2002:{name}", re.compile(f"(?:{pattern})\\Z")))
    return rules


RULES = _rules()
_Constructor.add_constructor(MAP, _Constructor.construct_keys)


def load_yaml(text: str, origin: str) -> Any:
    """Return what a YAML text holds, each mapping as `Keys`; `origin` names the text in errors."""
    if len(text) > SIZE:
        raise UsageError(f"{origin} holds {len(text):,} characters, of which at most {SIZE:,} are read; split it")
    try:
        return _loader().load(text)
    except MaxDepthExceededError as error:
        raise UsageError(f"{origin}{_at(error)} {TOO_DEEP}") from error
    except _Unbearable as error:
        raise UsageError(f"{origin} {error}") from None
    except MarkedYAMLError as error:
        if error.problem and "is given twice" in error.problem:
            raise UsageError(f"{origin}{_at(error)}: {error.problem}") from error
        raise UsageError(f"{origin} is not YAML: {_problem(error)}") from error
    except (YAMLError, ValueError) as error:  # a ValueError is of a date that does not exist
        raise UsageError(f"{origin} is not YAML: {' '.join(str(error).split())}") from error


TOO_DEEP = f"holds itself, or is nested too deeply (more than {DEPTH} levels); write it without the alias, or flatter"


def _loader() -> YAML:
    loader = YAML(typ="safe", pure=True)
    loader.Scanner, loader.Resolver, loader.Constructor = _Scanner, _Resolver, _Constructor
    loader.max_depth = DEPTH
    loader.composer.warn_double_anchors = False
    return loader


def _extent(node: Node, known: dict[int, tuple[int, int]], depth: int) -> tuple[int, int]:
    """Return how many values a node holds and how deep it is, each alias counted as if it were written out."""
    if id(node) not in known and depth <= DEPTH:
        inner = [_extent(each, known, depth + 1) for each in _inside(node)]
        known[id(node)] = 1 + sum(size for size, _ in inner), 1 + max((height for _, height in inner), default=0)
    size, height = known.get(id(node), (0, DEPTH))
    if depth + height > DEPTH:
        raise _Unbearable(TOO_DEEP)
    return size, height


def _inside(node: Node) -> Iterator[Node]:
    if isinstance(node, MappingNode):
        for pair in node.value:
            yield from pair
    elif isinstance(node, SequenceNode):
        yield from node.value


def _problem(error: MarkedYAMLError) -> str:
    mark = error.problem_mark or error.context_mark
    text = " ".join(filter(None, (error.context, error.problem)))
    return f"{text}, line {mark.line + 1}, column {mark.column + 1}" if mark else text


def _at(error: MarkedYAMLError) -> str:
    mark = error.problem_mark
    return f":{mark.line + 1}:{mark.column + 1}" if mark else ""
