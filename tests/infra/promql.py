"""PromQL of ours at one moment, over counters that have each gone up at a steady rate in each window."""

import operator
from collections.abc import Callable, Iterator
from typing import Any, Final

import promql_parser as promql

Selector = promql.VectorSelector
World = Callable[[Selector, float], float | None]
"""Of a selector and a window in seconds: the rise a second of its series together, or at 0 a gauge; None: no series."""
COMPARED: Final = {">": operator.gt, ">=": operator.ge, "<": operator.lt}
COUNTED: Final = {"+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv}
GRAFANAS: Final = {"$__rate_interval": "5m", "$__range": "6h", "$__interval": "1m"}
"""Variables that Grafana puts in, and what it might."""


def parsed(query: str) -> Any:
    """The tree of a query; raises ValueError where it is none."""
    for variable, value in GRAFANAS.items():
        query = query.replace(variable, value)
    return promql.parse(query)


def selectors(query: str) -> Iterator[Selector]:
    """Every series that a query looks at."""
    found: list[Selector] = []

    def note(node: Any) -> None:
        if isinstance(node, promql.VectorSelector):
            found.append(node)
        if isinstance(node, promql.MatrixSelector):
            found.append(node.vector_selector)

    promql.walk(parsed(query), pre_visit=note)
    yield from found


def named(selector: Selector) -> str:
    """The metric that is looked at."""
    return str(selector.name)


def labels(query: str) -> set[str]:
    """Every label that a query groups by, or matches on."""
    found = {matcher.name for selector in selectors(query) for matcher in selector.matchers.matchers}

    def note(node: Any) -> None:
        if isinstance(node, promql.AggregateExpr) and node.modifier:
            found.update(node.modifier.labels)

    promql.walk(parsed(query), pre_visit=note)
    return found


def answer(query: str, world: World) -> float | None:
    """What a query answers; None: nothing, so that an alert rests."""
    return _value(parsed(query), world)


def _value(node: Any, world: World) -> float | None:
    if isinstance(node, promql.NumberLiteral):
        return float(node.val)
    if isinstance(node, promql.ParenExpr | promql.AggregateExpr):
        return _value(node.expr, world)
    if isinstance(node, promql.VectorSelector):
        return world(node, 0)
    if isinstance(node, promql.Call):
        return _called(node, world)
    return _combined(str(node.op), _value(node.lhs, world), lambda: _value(node.rhs, world))


def _called(node: Any, world: World) -> float | None:
    name, (over,) = node.func.name, node.args
    if name == "absent":
        return 1.0 if _value(over, world) is None else None
    seconds = over.range.total_seconds()
    rate = world(over.vector_selector, seconds)
    return rate if rate is None or name == "rate" else rate * seconds


def _combined(operation: str, left: float | None, right: Callable[[], float | None]) -> float | None:
    if operation == "or":
        return left if left is not None else right()
    other = right()
    if left is None or other is None:
        return None
    if operation == "and":
        return left
    if operation in COMPARED:
        return left if COMPARED[operation](left, other) else None
    return float(COUNTED[operation](left, other))
