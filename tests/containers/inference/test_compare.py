"""Two model directories are set beside each other in counts, as the feedback function judges them."""

import json
from pathlib import Path

import pytest

from containers.inference.training.compare import main
from dev.environment import ROOT
from dev.seed_clinic import write_posts
from shared.model_comparison import ComparedModels

SHIPPED = ROOT / "containers" / "inference" / "model"


def test_a_model_beside_itself_changes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    posts = tmp_path / "posts.csv"
    write_posts(posts, of_risk=60, of_each_other=20)
    assert main(["--champion", str(SHIPPED), "--candidate", str(SHIPPED), "--data", str(posts)]) == 0
    found = ComparedModels.model_validate_json(capsys.readouterr().out.splitlines()[-1])
    assert found.champion == json.loads((SHIPPED / "bloom.json").read_bytes())["version"]
    assert {outcome.truth for outcome in found.outcomes} >= {"Suicidal", "Normal"}
    assert all(outcome.champion == outcome.candidate for outcome in found.outcomes)
    assert all(outcome.champion_flags == outcome.candidate_flags for outcome in found.outcomes)
    assert found.critical_cases
    assert all(case.champion_passes == case.candidate_passes for case in found.critical_cases)
