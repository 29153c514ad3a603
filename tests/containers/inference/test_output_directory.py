"""A finished model takes the place of the one before it, and nothing else does."""

import json
from pathlib import Path

import pytest

from containers.inference.model_directory import MANIFEST
from containers.inference.training.output_directory import replaced


def lay(folder: Path, **files: str) -> None:
    """A model of these files."""
    for name, content in files.items():
        (folder / name).write_text(content)
    (folder / MANIFEST).write_text(json.dumps({"sha256": dict.fromkeys(files, "")}))


@pytest.fixture
def output(tmp_path: Path) -> Path:
    """Holds a model, and beside it what somebody else keeps there."""
    folder = tmp_path / "model"
    (folder / "work").mkdir(parents=True)
    lay(folder, weights="old", comparison="old")
    (folder / "notes").write_text("theirs")
    return folder


def held(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() if path.is_file() else "" for path in folder.iterdir()}


def test_a_finished_model_takes_the_place_of_the_one_before_and_of_nothing_else(output: Path) -> None:
    with replaced(output) as folder:
        lay(folder, weights="new", card="new")
        assert held(output)["weights"] == "old"
    manifest = json.dumps({"sha256": {"weights": "", "card": ""}})
    assert held(output) == {"weights": "new", "card": "new", MANIFEST: manifest, "notes": "theirs", "work": ""}


def test_one_that_is_refused_leaves_everything_as_it_was(output: Path) -> None:
    before = held(output)
    with pytest.raises(FileNotFoundError), replaced(output) as folder:
        lay(folder, weights="new", **{"no/where": "new"})
    assert held(output) == before


@pytest.mark.parametrize("named", ["[]", "{}", '{"sha256": {"../notes": ""}}', "no json"])
def test_what_a_garbled_manifest_names_is_not_removed(output: Path, named: str) -> None:
    (output / MANIFEST).write_text(named)
    (output.parent / "notes").write_text("theirs")
    with replaced(output) as folder:
        lay(folder, weights="new")
    assert (output.parent / "notes").read_text() == "theirs"
    assert held(output)["comparison"] == "old"


def test_where_nothing_lay_the_folder_is_made(tmp_path: Path) -> None:
    with replaced(tmp_path / "a" / "b") as folder:
        lay(folder, weights="new")
    assert set(held(tmp_path / "a" / "b")) == {"weights", MANIFEST}
