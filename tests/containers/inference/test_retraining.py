"""The job that retrains tells its row what happens, whatever happens."""

import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session as Database

from containers.inference.model_directory import MANIFEST, describe, digest
from containers.inference.settings import Settings
from containers.inference.training import model_store, retraining, run_record
from containers.inference.training.dataset_split import part_of
from containers.inference.training.feedback_texts import _pseudonym
from containers.inference.training.retraining import CameToNothing, Telling
from containers.inference.training.run_record import RunEnded
from dev.cloud import LocalCloud
from dev.environment import ROOT
from shared.clock import now
from shared.database.models.audit_trail import AuditEvent
from shared.database.models.learning import ModelStatus, ModelVersion, RunStatus
from shared.database.transaction import transaction
from shared.model_comparison import ComparedModels
from shared.problems import Unavailable
from tests.functions.ml_feedback.training import add_feedback, add_run, made_up_posts, run_row
from tests.people import rows
from tests.waiting import until

MARKED = "the words of a patient"


@pytest.fixture
def learning(product: LocalCloud, environment: Callable[..., None], tmp_path: Path) -> Path:
    """Settings of a job that learns from three answers on; the folder of its models."""
    environment(retrain_min_feedback="3", models_url=str(tmp_path / "models"))
    return tmp_path / "models"


class MarkedOnceHeard(Telling):
    """A run that is marked as ended as soon as its trainer was heard."""

    def tell(self, stage: str = "") -> None:
        """As usual, and then the mark."""
        super().tell(stage)
        if self.lines:
            run_record.end_in_failure(self.run_id, "killed", {})


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def test_what_the_trainer_says_is_the_end_of_the_run_s_log(learning: Path) -> None:
    run_id = add_run()
    retraining._watched(Telling(run_id, "training"), python("[print('line', n) for n in range(100)]"))
    run = run_row(run_id)
    assert (run.log_tail or "").splitlines() == [f"line {number}" for number in range(40, 100)]
    assert run.stage == "training"


def test_a_trainer_that_is_killed_is_told_from_one_that_breaks(learning: Path) -> None:
    killed = python("import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    with pytest.raises(CameToNothing) as nothing:
        retraining._watched(Telling(add_run()), killed)
    assert (nothing.value.code, nothing.value.facts) == ("trainer-killed", {"signal": signal.SIGKILL})


def test_what_a_broken_trainer_quotes_goes_no_further(learning: Path, capfd: pytest.CaptureFixture[str]) -> None:
    run_id = add_run()
    with pytest.raises(CameToNothing) as nothing:
        retraining._watched(Telling(run_id), python(f"raise KeyError({MARKED!r})"))
    assert (nothing.value.code, nothing.value.facts) == ("trainer-broken", {"exit": 1, "exception": "KeyError"})
    assert MARKED not in (run_row(run_id).log_tail or "") + "".join(capfd.readouterr())


def test_a_run_that_lives_says_so_and_one_that_was_marked_as_ended_stops_its_trainer(
    learning: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retraining, "HEARTBEAT_SECONDS", 0.02)
    begun = now() - timedelta(minutes=1)
    run_id = add_run(at=begun)
    telling = MarkedOnceHeard(run_id)
    stays = python("import os; print(os.getpid(), flush=True); import signal; signal.pause()")
    with pytest.raises(RunEnded):
        retraining._watched(telling, stays)
    assert (run_row(run_id).heartbeat_at or begun) > begun
    with pytest.raises(ProcessLookupError):
        os.kill(int(telling.lines[0]), 0)


def test_a_run_lives_while_nothing_is_said_as_where_a_model_is_copied(
    learning: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retraining, "HEARTBEAT_SECONDS", 0.02)
    begun = now() - timedelta(minutes=1)
    run_id = add_run(at=begun)
    telling = Telling(run_id, "keeping")
    with telling.going_on():
        until(lambda: (run_row(run_id).heartbeat_at or begun) > begun)
        run_record.end_in_failure(run_id, "killed", {})
    assert run_row(run_id).stage == "keeping"
    with pytest.raises(RunEnded):
        telling.tell()


def test_too_little_that_may_be_learnt_from_is_an_honest_end(learning: Path) -> None:
    add_feedback(2)
    run_id = add_run(RunStatus.QUEUED)
    assert retraining.retrain(run_record.begin(run_id, 30), 30) == 0
    run = run_row(run_id)
    assert (run.status, run.error) == (RunStatus.FAILED, "too-little-feedback")
    assert run.metrics == {"usable": 2, "consented": 2, "wanted": 3}


def test_a_run_that_ended_of_itself_is_not_begun_again(learning: Path) -> None:
    for run_id in (add_run(RunStatus.FAILED), add_run(RunStatus.SUCCEEDED), uuid4()):
        with pytest.raises(RunEnded):
            run_record.begin(run_id, 30)


@pytest.mark.parametrize("why", ["killed", "stopped", "trainer-killed"])
def test_a_run_that_was_broken_off_is_taken_up_again_unless_another_goes_on(learning: Path, why: str) -> None:
    run_id = add_run()
    begun = run_row(run_id).started_at
    run_record.end_in_failure(run_id, why, {})
    assert run_record.begin(run_id, 30) == run_id
    run = run_row(run_id)
    assert (run.status, run.error, run.finished_at, run.started_at) == (RunStatus.RUNNING, None, None, begun)
    run_record.end_in_failure(run_id, why, {})
    add_run()
    assert retraining.main([f"--run-id={run_id}"]) == 1
    assert run_row(run_id).status is RunStatus.FAILED


def test_what_a_killed_trainer_leaves_behind_is_there_for_the_next_attempt_and_gone_after_it(
    learning: Path, tmp_path: Path
) -> None:
    store = str(tmp_path / "models")
    work = retraining._Work(tmp_path / "one", f"{store}/unfinished/run")
    assert not work.resumed()
    checkpoint = tmp_path / "one" / "checkpoint.pt"
    trainer = python(
        f"import os, pathlib; checkpoint = pathlib.Path({str(checkpoint)!r})\n"
        "for epoch in ('first', 'second'):\n"
        "    checkpoint.write_text(epoch); checkpoint.with_suffix('.unfinished').write_text('half')\n"
        "    print(epoch, flush=True)\n"
        "os.kill(os.getpid(), 9)"
    )
    with pytest.raises(CameToNothing):
        retraining._watched(Telling(add_run()), trainer, work)
    elsewhere = retraining._Work(tmp_path / "two", f"{store}/unfinished/run")
    assert elsewhere.resumed()
    assert [path.name for path in (tmp_path / "two").iterdir()] == ["checkpoint.pt"]
    assert (tmp_path / "two" / "checkpoint.pt").read_text() == "second"
    elsewhere.clear()
    assert not retraining._Work(tmp_path / "three", f"{store}/unfinished/run").resumed()


def test_another_attempt_learns_from_what_there_was_when_the_first_began(learning: Path) -> None:
    add_feedback(3)
    run_id = add_run(at=now())
    add_feedback(2)
    key = model_store.holdout_key(str(learning))
    assert len(retraining._collected(Telling(run_id), 30, key)) == 3


def test_a_database_or_a_store_that_is_away_for_a_moment_ends_no_training(
    learning: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id, is_away = add_run(), itertools.chain([True] * 2, itertools.repeat(False))

    def away_at_first(wrapped: Callable[..., None], error: type[Exception]) -> Callable[..., None]:
        def called(*arguments: Any) -> None:
            if next(is_away):
                raise error
            wrapped(*arguments)

        return called

    monkeypatch.setattr(run_record, "tell", away_at_first(run_record.tell, Unavailable))
    monkeypatch.setattr(model_store, "left_behind", away_at_first(model_store.left_behind, ConnectionError))
    telling = Telling(run_id)
    telling.tell("training")
    work = retraining._Work(tmp_path / "one", f"{learning}/unfinished/run")
    work.resumed()
    (tmp_path / "one" / "checkpoint.pt").write_text("epoch")
    retraining._watched(telling, python("print('one'); print('two')"), work)
    run = run_row(run_id)
    assert (run.status, run.stage) == (RunStatus.RUNNING, "training")
    assert (run.log_tail or "").splitlines() == ["one", "the checkpoint was not copied: ConnectionError", "two"]
    assert retraining._Work(tmp_path / "two", f"{learning}/unfinished/run").resumed()


def test_what_was_kept_whole_is_not_written_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bucket's own rule: whoever may add objects may not replace one."""
    model, kept = tmp_path / "model", tmp_path / "kept"
    model.mkdir()
    for name in ("bloom.json", MANIFEST):
        (model / name).write_text(name)
    kept.mkdir()
    shutil.copy(model / "bloom.json", kept)
    (kept / "bloom.json").chmod(0o400)
    before = (kept / "bloom.json").stat().st_ino, (kept / "bloom.json").stat().st_mtime_ns
    model_store.kept(model, str(kept))
    assert ((kept / "bloom.json").stat().st_ino, (kept / "bloom.json").stat().st_mtime_ns) == before
    assert (kept / MANIFEST).read_text() == MANIFEST


def test_without_a_place_for_models_nothing_is_begun(environment: Callable[..., None], capsys: Any) -> None:
    environment(models_url="")
    with pytest.raises(SystemExit):
        retraining.main([])
    assert "MODELS_URL" in capsys.readouterr().err


def test_the_key_of_the_holdout_is_made_once(tmp_path: Path) -> None:
    key = model_store.holdout_key(str(tmp_path / "models"))
    assert len(key) == 32
    assert model_store.holdout_key(str(tmp_path / "models")) == key
    assert model_store.holdout_key(str(tmp_path / "others")) != key


def test_a_model_below_the_gate_is_told_from_a_trainer_that_breaks(learning: Path) -> None:
    with pytest.raises(CameToNothing) as nothing:
        retraining._watched(Telling(add_run()), python("import sys; sys.exit(3)"))
    assert (nothing.value.code, nothing.value.facts) == ("gate-failed", {"exit": 3, "exception": "unknown"})


@pytest.mark.training
def test_without_any_text_at_risk_to_calibrate_by_the_run_says_so(
    learning: Path, environment: Callable[..., None]
) -> None:
    """As where a clinic's first answers are all that the job is given: no collected texts, and none at risk."""
    pytest.importorskip("torch")
    pair = add_feedback(3)
    keys = (number.to_bytes(32) for number in itertools.count())
    learning.mkdir()
    (learning / "holdout.key").write_bytes(
        next(key for key in keys if part_of(_pseudonym(pair.patient.id, key)) == "validation")
    )
    environment(training_data="", training_options="--epochs 1 --no-baselines")
    run_id = add_run(RunStatus.QUEUED)
    assert retraining.main([f"--run-id={run_id}", "--feedback-days=30"]) == 1
    run = run_row(run_id)
    assert (run.error, run.metrics) == ("too-little-to-calibrate", {"exit": 4, "exception": "unknown"})
    assert "no validation text is labelled Suicidal" in (run.log_tail or "")


def test_without_a_row_the_job_makes_its_own(learning: Path) -> None:
    run_id = run_record.begin(None, 30)
    assert run_row(run_id).status is RunStatus.RUNNING
    [entry] = rows(select(AuditEvent).where(AuditEvent.action == "training.start"))
    assert (entry.resource_id, entry.details) == (run_id, {"trigger": "command-line"})
    run_record.end_in_failure(run_id, "stopped", {})
    assert run_record.begin(run_id, 30) == run_id
    assert len(rows(select(AuditEvent).where(AuditEvent.action == "training.start"))) == 1


def test_whatever_breaks_is_told_by_its_kind_alone(learning: Path, environment: Callable[..., None]) -> None:
    add_feedback(3)
    environment(retrain_min_feedback="3", training_data="nowhere://posts.csv")
    run_id = add_run()
    with pytest.raises(ValueError, match="nowhere"):
        retraining.retrain(run_id, 30)
    assert (run_row(run_id).error, set(run_row(run_id).metrics)) == ("broken", {"exception"})


@pytest.mark.training
def test_a_run_from_feedback_to_a_registered_model_that_serves(
    learning: Path, environment: Callable[..., None], tmp_path: Path
) -> None:
    pytest.importorskip("torch")
    add_feedback(3)
    environment(training_data=str(made_up_posts(tmp_path)), training_options="--epochs 0 --no-baselines")
    run_id = add_run(RunStatus.QUEUED)
    assert retraining.main([f"--run-id={run_id}", "--feedback-days=30"]) == 0
    run = run_row(run_id)
    assert (run.status, run.stage, run.examples, run.error) == (RunStatus.SUCCEEDED, "finished", 3, None)
    [model] = rows(select(ModelVersion))
    assert (model.status, model.training_run_id) == (ModelStatus.CANDIDATE, run_id)
    kept = describe(Path(model.artifact_uri))
    assert (kept.version, kept.thresholds) == (model.name, model.thresholds)
    assert kept.metrics.items() <= model.metrics.items()
    in_short = {name: figure for name, figure in kept.metrics.items() if name != "trainingDistribution"}
    assert run.metrics == {**in_short, "model": model.name, "isNew": True}
    assert model.artifact_uri.startswith(str(learning))
    assert "3 answers may be learnt from" in (run.log_tail or "")
    assert "deadline after deadline" not in (run.log_tail or "")
    report = json.loads(Path(model.metrics["report"]["json"]).read_bytes())
    assert Path(model.metrics["report"]["html"]).read_text().startswith("<!doctype html>")
    assert model.thresholds_version == report["thresholdsVersion"]
    assert kept.metrics["trainingDistribution"] == report["trainingDistribution"]
    [entry] = rows(select(AuditEvent).where(AuditEvent.action == "model.register"))
    assert (entry.resource_id, entry.details) == (model.id, {"model": model.name, "run": str(run_id)})
    assert model.metrics["behaviour"]["byLanguage"] == report["behaviour"]["byLanguage"]
    # The three messages differ by a number, which is no word: they are one text.
    assert sum(part["kinds"].get("feedback", 0) for part in report["data"].values()) == 1
    compared = ComparedModels.model_validate(model.metrics["comparison"])
    assert sum(one.count for one in compared.outcomes) == sum(
        report["figures"][name]["texts"] for name in ("posts", "feedback") if name in report["figures"]
    )
    assert compared.corrections == model.metrics["corrections"] == []
    assert not (learning / "unfinished").exists() or not list((learning / "unfinished").iterdir())


def test_a_job_that_is_asked_to_end_says_that_it_was_stopped(learning: Path) -> None:
    add_feedback(3)
    run_id = add_run(RunStatus.QUEUED)
    command = [sys.executable, "-m", "containers.inference.training", f"--run-id={run_id}", "--feedback-days=30"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as job:
        until(lambda: run_row(run_id).stage == "training")
        job.terminate()
        assert job.wait(20) == 1
    run = run_row(run_id)
    assert (run.status, run.error) == (RunStatus.FAILED, "stopped")


@transaction
def add_champion(db: Database, folder: Path) -> None:
    sha256 = bytes.fromhex(digest(folder / MANIFEST))
    about = {"name": "served", "base_model": "nothing", "thresholds_version": "t", "created_at": now()}
    champion = ModelStatus.CHAMPION
    db.add(ModelVersion(id=uuid4(), status=champion, artifact_uri=str(folder), artifact_sha256=sha256, **about))


def test_the_model_that_serves_is_gone_on_from_only_while_it_is_what_was_registered(
    learning: Path, tmp_path: Path
) -> None:
    served = Path(shutil.copytree(Settings().model_path, tmp_path / "served"))
    add_champion(served)
    assert model_store.brought(run_record.champion_url() or "", tmp_path / "base") == served
    with (served / MANIFEST).open("a") as manifest:
        manifest.write(" ")
    add_feedback(3)
    run_id = add_run()
    with pytest.raises(model_store.FileAltered):
        retraining.retrain(run_id, 30)
    assert (run_row(run_id).error, run_row(run_id).metrics) == ("broken", {"exception": "FileAltered"})
