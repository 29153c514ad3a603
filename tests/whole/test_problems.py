"""Every kind of problem has a name and a title of its own, and a test that provokes it."""

import ast
import functools
import re

from shared.problems import Problem
from tests.whole.source import classes, files, name, parsed

RELAYS = [made for path in files("containers/realtime") for made in classes(path)]


@functools.cache
def problems() -> dict[str, list[ast.ClassDef]]:
    """The classes that descend from Problem, wherever they are raised, by name."""
    found: dict[str, list[ast.ClassDef]] = {}
    descended = {"Problem"}
    everywhere = [made for path in files("shared", "functions", "containers/realtime") for made in classes(path)]
    while True:
        more = [made for made in everywhere if made.name not in found and bases(made) & descended]
        if not more:
            return found
        for made in more:
            found.setdefault(made.name, []).append(made)
        descended |= {made.name for made in more}


def bases(made: ast.ClassDef) -> set[str]:
    return {base.id for base in made.bases if isinstance(base, ast.Name)}


def short_name(class_name: str) -> str:
    """`slot-taken` for SlotTaken, as it ends the URN."""
    made: type[Problem] = type(class_name, (Problem,), {})
    return made.urn().rpartition(":")[2]


def own_title(made: ast.ClassDef) -> str | None:
    for node in made.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id == "title":
            return str(ast.literal_eval(node.value))
    return None


def test_the_tree_is_found() -> None:
    assert {"NotFound", "TooManyRequests", "ForeignOrigin", "ConversationClosed"} <= set(problems())


def test_every_problem_has_a_title_of_its_own() -> None:
    untitled = [class_name for class_name, made in problems().items() if not all(map(own_title, made))]
    assert untitled == []


def test_a_name_stands_for_one_kind_of_problem() -> None:
    # The relay is another server: it may know a problem of the functions by the same name.
    for class_name, made in problems().items():
        assert len({tuple(sorted(bases(one))) for one in made}) == 1, class_name
        assert len([one for one in made if one not in RELAYS]) <= 1, class_name
    assert len({short_name(class_name) for class_name in problems()}) == len(problems())


def test_every_problem_is_provoked_by_a_test() -> None:
    tests = [path for path in files("tests") if not name(path).startswith("tests/whole/")]
    nodes = [node for path in tests for node in ast.walk(parsed(path))]
    words = [node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    text = {part for word in words for part in re.findall(r"[a-z]+(?:-[a-z]+)*", word)}
    text |= {node.id for node in nodes if isinstance(node, ast.Name)}
    unprovoked = [class_name for class_name in problems() if not any(provoked(one, text) for one in family(class_name))]
    assert unprovoked == []


def family(class_name: str) -> list[str]:
    """A problem and those that are kinds of it."""
    return [class_name, *(name for name, made in problems().items() if any(class_name in bases(one) for one in made))]


def provoked(class_name: str, text: set[str]) -> bool:
    """Whether a test says its name, as it ends the URN or as the class that is expected."""
    return bool({short_name(class_name), class_name} & text)
