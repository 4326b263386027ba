"""What `mutants.py` changes in a module: one node of its syntax tree at a time."""

import ast
import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

OPERATORS: dict[type[ast.AST], tuple[type[ast.AST], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
    ast.And: (ast.Or,),
    ast.Or: (ast.And,),
    ast.Add: (ast.Sub,),
    ast.Sub: (ast.Add,),
    ast.Mult: (ast.Div,),
    ast.Div: (ast.Mult,),
}
NAMES = {
    "min": "max",
    "any": "all",
    "started": "finished",
    "lower": "upper",
    "baseline": "measurement",
}
FLAGS = ("strict", "frozen", "kw_only")  # of zip and dataclass: guards that no input of a test can trip
SWAPS = NAMES | {after: before for before, after in NAMES.items()}
Change = Callable[[], None]


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """One changed module: which, where, what the line was and became, and its syntax tree."""

    module: str
    line: int
    before: str
    after: str
    tree: ast.Module


def mutate(module: str, source: str) -> Iterator[Mutant]:
    """Yield every mutant of a module's source."""
    original = ast.parse(source)
    flags = [each.value for each in ast.walk(original) if isinstance(each, ast.keyword) and each.arg in FLAGS]
    for place, node in enumerate(ast.walk(original)):
        if node in flags:
            continue
        for index in range(sum(1 for _ in changes(copy.deepcopy(node)))):
            tree = copy.deepcopy(original)
            changed = list(ast.walk(tree))[place]
            change = list(changes(changed))[index]
            before = shorten(changed)
            change()
            line = getattr(node, "lineno", 0) or getattr(getattr(node, "target", None), "lineno", 0)
            tree = ast.fix_missing_locations(tree)
            yield Mutant(module=module, line=line, before=before, after=shorten(changed), tree=tree)


def changes(node: ast.AST) -> Iterator[Change]:
    """Yield functions that change a node, each in another way."""
    match node:
        case ast.Compare(ops=[operator, *_]):
            for other in OPERATORS[type(operator)]:
                yield partial(node.ops.__setitem__, 0, other())
        case ast.BoolOp(op=operator, values=values):
            yield from (partial(setattr, node, "op", other()) for other in OPERATORS[type(operator)])
            for place in range(len(values)):
                yield partial(values.__setitem__, place, ast.Constant(isinstance(operator, ast.And)))
        case ast.BinOp(op=operator) if not _is_text(node):
            yield from (partial(setattr, node, "op", other()) for other in OPERATORS.get(type(operator), ()))
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield partial(setattr, node, "operand", ast.UnaryOp(ast.Not(), operand))
        case ast.Constant(value=bool(value)):
            yield partial(setattr, node, "value", not value)
        case ast.Constant(value=int(value) | float(value)):
            yield partial(setattr, node, "value", value + 1)
            yield partial(setattr, node, "value", value - 1)
        case ast.Name(id=name, ctx=ast.Load()) if name in SWAPS:
            yield partial(setattr, node, "id", SWAPS[name])
        case ast.Attribute(attr=name, ctx=ast.Load()) if name in SWAPS:
            yield partial(setattr, node, "attr", SWAPS[name])
        case ast.comprehension(ifs=[_, *_]):
            yield node.ifs.clear
        case ast.IfExp(test=test):
            yield partial(setattr, node, "test", ast.UnaryOp(ast.Not(), test))
        case ast.If():
            yield from (partial(setattr, node, "test", ast.Constant(value)) for value in (False, True))


def shorten(node: ast.AST) -> str:
    """Return a node as one line of at most 140 characters."""
    line = " ".join(ast.unparse(node).split())
    return line if len(line) <= 140 else f"{line[:137]}..."


def _is_text(node: ast.BinOp) -> bool:
    sides = (node.left, node.right)
    return any(isinstance(each, ast.JoinedStr) or isinstance(getattr(each, "value", None), str) for each in sides)
