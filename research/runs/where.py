"""A condition on runs, such as `data.kind == 'ptb' and model.width >= 64`: in Python's syntax, and never evaluated by Python."""

import ast
import keyword
import operator
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from research.config.errors import StepladderError, did_you_mean
from research.config.plain import Json

Words = Mapping[str, Json]  # dotted key -> value
EXAMPLE = "data.kind == 'ptb' and model.width >= 64"
CONSTANTS: Words = {"true": True, "false": False, "none": None}  # as TOML writes them
DEEPEST = 60  # of brackets, and, or, not within each other
LONGEST = 200  # characters of a condition that an error shows
KEYWORD = "__keyword__"  # stands behind a word of a key that Python keeps for itself, as in `init.from`
_RESERVED = re.compile(rf"\.({'|'.join(keyword.kwlist)})\b")


@dataclass(frozen=True)
class Condition:
    """What runs are chosen by. `names`: the dotted keys that it reads."""

    text: str
    tree: ast.expr
    names: tuple[str, ...]

    def holds(self, words: Words) -> bool:
        """Whether it is true of these words. A word that is not there is None, which is in no order with a number or a text.

        Raises StepladderError where values are compared that have no order, and for a value that is neither true nor false.
        """
        return _truth(self, self.tree, words)


def parse_condition(text: str) -> Condition:
    """Raises StepladderError for what is no condition: comparisons of keys with values, joined by and, or, not."""
    try:
        tree = ast.parse(_RESERVED.sub(rf".\1{KEYWORD}", text.strip()), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        hint = " A value is compared by ==." if re.search(r"[^=<>!]=[^=]", text) else ""
        raise _problem(text, f"this is no condition.{hint}") from None
    if _depth(tree) > DEEPEST:
        raise _problem(text, f"it is nested more than {DEEPEST} deep.")
    return Condition(text, tree, tuple(dict.fromkeys(_names(text, tree))))


def check_names(condition: Condition, keys: Iterable[str]) -> None:
    """Raises StepladderError, with the nearest key, for a name that is none of these."""
    known_keys = dict.fromkeys(keys)
    for name in condition.names:
        if name not in known_keys and name not in CONSTANTS:
            raise _problem(condition.text, f"{name} is no key of a config and no number of a run{near_key(name, known_keys)}")


def near_key(name: str, keys: Iterable[str]) -> str:
    """What a key may have meant, as the end of a sentence: the keys that end with it, or the nearest one."""
    key_list = list(keys)
    ending = [key for key in key_list if key.endswith(f".{name}") or key.endswith(f".{name}.kind")]
    if ending:
        return f"; did you mean `{ending[0]}`?" if len(ending) == 1 else f"; there are {', '.join(ending[:6])}."
    return did_you_mean(name, key_list) or "."


def _depth(tree: ast.expr) -> int:
    layer: list[ast.AST] = [tree]
    depth = 0
    while layer:
        depth, layer = depth + 1, [child for node in layer for child in ast.iter_child_nodes(node)]
    return depth


def _problem(text: str, reason: str) -> StepladderError:
    shown = text if len(text) <= LONGEST else f"{text[:LONGEST]}..."
    return StepladderError(f'where = "{shown}": {reason} A condition compares keys with values, texts in quotes, as {EXAMPLE}.')


def _names(text: str, node: ast.expr) -> list[str]:
    """The keys below a node. Raises StepladderError for anything that a condition does not have."""
    if isinstance(node, ast.Attribute | ast.Name):
        return [_key(text, node)]
    if not isinstance(node, PARTS) or (isinstance(node, ast.UnaryOp) and not isinstance(node.op, ast.Not | ast.USub)):
        raise _problem(text, f"`{ast.unparse(node).replace(KEYWORD, '')}` cannot stand in a condition.")
    if isinstance(node, ast.Compare) and (other := [op for op in node.ops if type(op) not in COMPARISONS]):
        raise _problem(text, f"`{type(other[0]).__name__.lower()}` compares nothing here: write == or !=.")
    return [name for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr) for name in _names(text, child)]


def _key(text: str, node: ast.expr) -> str:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{_key(text, node.value)}.{node.attr.removesuffix(KEYWORD)}"
    raise _problem(text, f"`{ast.unparse(node)}` cannot stand in a condition.")


def _truth(condition: Condition, node: ast.expr, words: Words) -> bool:
    match node:
        case ast.BoolOp(op, values):
            return (all if isinstance(op, ast.And) else any)(_truth(condition, value, words) for value in values)
        case ast.UnaryOp(ast.Not(), operand):
            return not _truth(condition, operand, words)
        case ast.Compare(left, operations, comparators):
            sides = [_value(condition, side, words) for side in (left, *comparators)]
            return all(_compare(condition, type(op), *pair) for op, *pair in zip(operations, sides, sides[1:], strict=False))
    value = _value(condition, node, words)
    if value is None or isinstance(value, bool):
        return bool(value)
    raise _problem(condition.text, f"`{ast.unparse(node)}` is {value!r}, which is neither true nor false.")


def _value(condition: Condition, node: ast.expr, words: Words) -> Json:
    match node:
        case ast.Constant(str(constant)):
            return constant.replace(KEYWORD, "")
        case ast.Constant(int() | float() | None as constant):
            return constant
        case ast.List(items) | ast.Tuple(items) | ast.Set(items):
            return [_value(condition, item, words) for item in items]
        case ast.UnaryOp(ast.USub(), operand) if isinstance(number := _value(condition, operand, words), int | float):
            return -number
        case ast.Name() | ast.Attribute():
            name = _key(condition.text, node)
            value = words[name] if name in words else CONSTANTS.get(name)
            return list(value) if isinstance(value, tuple) else value
    raise _problem(condition.text, f"`{ast.unparse(node)}` is no value.")


def _compare(condition: Condition, operation: type[ast.cmpop], left: Json, right: Json) -> bool:
    if None in (left, right) and operation in ORDERED:
        return False
    try:
        return COMPARISONS[operation](left, right)
    except TypeError:
        raise _problem(condition.text, f"{left!r} and {right!r} cannot be compared so.") from None


def _is_in(left: Json, right: Json) -> bool:
    if right is None:
        return False
    if isinstance(right, str) and left is None:
        return False
    if isinstance(right, str | Sequence):
        return left in right
    raise TypeError


PARTS = (ast.BoolOp, ast.UnaryOp, ast.Compare, ast.Constant, ast.List, ast.Tuple, ast.Set)
ORDERED = (ast.Lt, ast.LtE, ast.Gt, ast.GtE)
COMPARISONS: Mapping[type[ast.cmpop], Callable[[Json, Json], bool]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: lambda left, right: left < right,  # type: ignore[operator]
    ast.LtE: lambda left, right: left <= right,  # type: ignore[operator]
    ast.Gt: lambda left, right: left > right,  # type: ignore[operator]
    ast.GtE: lambda left, right: left >= right,  # type: ignore[operator]
    ast.In: _is_in,
    ast.NotIn: lambda left, right: not _is_in(left, right),
}
