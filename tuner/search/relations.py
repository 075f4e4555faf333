"""Relations between hyperparameters that each point of a search space must fulfill: `batch_size * width <= 4096`.

A relation is read with Python's parser and worked out by the few rules of this file. It is never run as Python. What it
may hold: numbers, texts in quotes, true and false, names of parameters, + - * / ** and brackets; comparisons, also in
chains; `in` and `not in` a list; and, or, not.
"""

from __future__ import annotations

import ast
import math
import operator
import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from tuner.core.errors import TunerError
from tuner.core.records import Value
from tuner.core.several_models import MODEL

OPTION = "--constrain"
LONGEST = 500  # characters of a relation
DEEPEST = 40  # terms within each other
_EXAMPLE = '"batch_size * width <= 4096"'
_ARITHMETIC: dict[type[ast.AST], Callable[[float, float], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}
_ORDER: dict[type[ast.AST], Callable[[float, float], bool]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
_HINTS = {"^": "write a power as **", "&": "write `and`", "|": "write `or`", "!": "write `not`"}


class _UndefinedError(ArithmeticError):
    """A term has no finite value at a point."""


@dataclass(frozen=True)
class Relation:
    """One relation, as it was written."""

    text: str
    names: tuple[str, ...] = field(compare=False)
    """Of the parameters in it: `width`, or `cnn.width` for that of one of several models."""
    tree: ast.expr = field(compare=False, repr=False)

    def applies(self, point: Mapping[str, Value]) -> bool:
        """Whether the point has all of its parameters: one that is not active there is in no relation."""
        return all(_has(name, point) for name in self.names)

    def holds(self, point: Mapping[str, Value]) -> bool:
        """Whether a point fulfills it. One where it does not apply does; one where it has no finite value does not.

        Raises:
            TunerError: it counts with a text, or the like.
        """
        if not self.applies(point):
            return True
        try:
            return _formula(self.tree, point)
        except _UndefinedError:
            return False

    def __str__(self) -> str:
        return self.text


@lru_cache(maxsize=256)
def parse_relation(text: str) -> Relation:
    """Reads a relation. Raises TunerError with the reason why it is none, without naming where it stands."""
    text = " ".join(text.split())
    if len(text) > LONGEST:
        raise TunerError(f"it has {len(text)} characters: at most {LONGEST}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        raise TunerError(f"it is no relation: {_hint(text)}") from None
    _check_formula(tree, text, 0)
    names = dict.fromkeys(filter(None, map(_name, ast.walk(tree))))
    inner = {ast.unparse(each.value) for each in ast.walk(tree) if isinstance(each, ast.Attribute)}
    found = tuple(name for name in names if name not in inner)
    if not found:
        raise TunerError(f"it names no parameter: write {_EXAMPLE}")
    return Relation(text, found, tree)


def broken(relations: Iterable[Relation], point: Mapping[str, Value]) -> Relation | None:
    """The first relation that a point breaks; None where it fulfills all."""
    for relation in relations:
        try:
            if not relation.holds(point):
                return relation
        except TunerError:  # told when the space was checked, as far as a point was found that shows it
            return relation
    return None


def _hint(text: str) -> str:
    if "=" in text and not any(sign in text for sign in ("==", "<=", ">=", "!=")):
        return "write == for what must be equal"
    return f"write such as {_EXAMPLE}"


def _name(node: ast.AST) -> str:
    """`width` or `cnn.width`; empty for what is no name."""
    if isinstance(node, ast.Name) and node.id not in ("true", "false"):
        return node.id
    return ast.unparse(node) if isinstance(node, ast.Attribute) and _name(node.value) else ""


def _has(name: str, point: Mapping[str, Value]) -> bool:
    if name in point:
        return True
    model, dot, own = name.partition(".")
    return bool(dot) and point.get(MODEL) == model and own in point


def _check_formula(node: ast.expr, text: str, depth: int) -> None:
    """Raises TunerError for what is neither true nor false."""
    if depth > DEEPEST:
        raise TunerError("its terms are nested too deeply")
    if isinstance(node, ast.BoolOp):
        for each in node.values:
            _check_formula(each, text, depth + 1)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        _check_formula(node.operand, text, depth + 1)
    elif isinstance(node, ast.Compare):
        for each, sign in zip([node.left, *node.comparators], [None, *node.ops], strict=True):
            _check_operand(each, sign, depth + 1)
    elif not _name(node) or text == ast.unparse(node):
        _check_term(node, depth)  # a reason of its own first
        raise TunerError(f"'{ast.unparse(node)}' compares nothing: write such as {_EXAMPLE}")


def _check_operand(node: ast.expr, sign: ast.cmpop | None, depth: int) -> None:
    if isinstance(sign, ast.In | ast.NotIn):
        if not isinstance(node, ast.List | ast.Tuple):
            raise TunerError("write a list after `in`, such as optimizer in ['sgd', 'adam']")
        for each in node.elts:
            _check_term(each, depth + 1)
        return
    if isinstance(sign, ast.Is | ast.IsNot):
        raise TunerError("write == or != in place of `is`")
    _check_term(node, depth)


def _check_term(node: ast.expr, depth: int) -> None:
    """Raises TunerError for what is no number, text, name or arithmetic."""
    if depth > DEEPEST:
        raise TunerError("its terms are nested too deeply")
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float | str):
        return
    if _name(node) or (isinstance(node, ast.Name) and node.id in ("true", "false")):
        return
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
        _check_term(node.operand, depth + 1)
    elif isinstance(node, ast.BinOp) and type(node.op) in _ARITHMETIC:
        _check_term(node.left, depth + 1)
        _check_term(node.right, depth + 1)
    else:
        shown = ast.unparse(node)
        why = next((hint for sign, hint in _HINTS.items() if sign in shown), "it may hold + - * / ** and comparisons")
        raise TunerError(f"'{shown}' is not possible in a relation: {why}")


def _formula(node: ast.expr, point: Mapping[str, Value]) -> bool:
    """Whether it is true at a point."""
    if isinstance(node, ast.BoolOp):
        join = all if isinstance(node.op, ast.And) else any
        return join(_formula(each, point) for each in node.values)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return not _formula(node.operand, point)
    if isinstance(node, ast.Compare):
        left = node.left
        for sign, right in zip(node.ops, node.comparators, strict=True):
            if not _compared(left, sign, right, point):
                return False
            left = right
        return True
    value = _value(node, point)
    if not isinstance(value, bool):
        raise TunerError(f"{ast.unparse(node)} is {value!r}, which is neither true nor false")
    return value


def _compared(left: ast.expr, sign: ast.cmpop, right: ast.expr, point: Mapping[str, Value]) -> bool:
    if isinstance(sign, ast.In | ast.NotIn):
        assert isinstance(right, ast.List | ast.Tuple)
        own = _value(left, point)
        return any(_same(own, _value(each, point)) for each in right.elts) is isinstance(sign, ast.In)
    if isinstance(sign, ast.Eq | ast.NotEq):
        return _same(_value(left, point), _value(right, point)) is isinstance(sign, ast.Eq)
    return _ORDER[type(sign)](_number(left, point), _number(right, point))


def _same(one: Value, other: Value) -> bool:
    return one == other and isinstance(one, bool) == isinstance(other, bool)


def _value(node: ast.expr, point: Mapping[str, Value]) -> Value:
    if isinstance(node, ast.Constant):
        value: Value = node.value  # type: ignore[assignment]
        return value
    if isinstance(node, ast.Name) and node.id in ("true", "false"):
        return node.id == "true"
    if name := _name(node):
        return point[name] if name in point else point[name.partition(".")[2]]
    return _number(node, point)


def _number(node: ast.expr, point: Mapping[str, Value]) -> float:
    """Counted with floats alone, so that no power takes long."""
    if isinstance(node, ast.UnaryOp):
        value = _number(node.operand, point)
        return -value if isinstance(node.op, ast.USub) else value
    if isinstance(node, ast.BinOp):
        try:
            found = _ARITHMETIC[type(node.op)](_number(node.left, point), _number(node.right, point))
        except (OverflowError, ZeroDivisionError):
            raise _UndefinedError from None
        if isinstance(found, complex) or not math.isfinite(found):
            raise _UndefinedError
        return float(found)
    single = _value(node, point)
    if isinstance(single, bool | str):
        raise TunerError(f"{ast.unparse(node)} is {single!r}, which is no number")
    try:
        return float(single)
    except OverflowError:
        raise _UndefinedError from None
