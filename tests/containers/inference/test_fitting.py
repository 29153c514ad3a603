"""The training loop: repeatable, resumable to the bit, and over as soon as nothing gets better."""

import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.training, pytest.mark.filterwarnings("default")]
torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from tokenizers import Tokenizer  # noqa: E402
from transformers import XLMRobertaForSequenceClassification  # noqa: E402

from containers.inference.training.checkpoints import Checkpoints  # noqa: E402
from containers.inference.training.clinic_phrases import Template  # noqa: E402
from containers.inference.training.fitting import Schedule, _optimiser, fit  # noqa: E402
from containers.inference.training.labelled_texts import LABELS, LabelledText  # noqa: E402
from containers.inference.training.lessons import LessonPlan, Lessons  # noqa: E402
from containers.inference.training.network import NetworkSize, new_network  # noqa: E402
from containers.inference.training.tokens import train_tokenizer  # noqa: E402

TINY = NetworkSize(vocabulary=200, hidden=16, layers=2, heads=2, inner=16, window_tokens=32)
SCHEDULE = Schedule(epochs=3, tokens_a_batch=512, rate=3e-3)
State = dict[str, Any]


class Killed(Exception):
    """Stands for the end of the process."""


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Of a network this small, threads would spend their time waiting for each other."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def posts() -> list[LabelledText]:
    chance = random.Random(5)
    words = {"Normal": "lunch film dog tea", "Suicidal": "die end kill gone", "Anxiety": "panic fear worry heart"}
    return [
        LabelledText(" ".join(chance.choices(f"i the my so {words[label]}".split(), k=12)), label)
        for label in words
        for _ in range(15)
    ]


@pytest.fixture(scope="module")
def tokenizer(posts: list[LabelledText]) -> Tokenizer:
    return train_tokenizer([post.text for post in posts], 200)


@pytest.fixture
def lessons(posts: list[LabelledText]) -> Lessons:
    return Lessons(posts, [], [], LessonPlan(folds=2, phrases=0, woven=0))


def beginner(tokenizer: Tokenizer) -> XLMRobertaForSequenceClassification:
    torch.manual_seed(1)
    network: XLMRobertaForSequenceClassification = new_network(TINY, tokenizer.get_vocab_size(), dropout=0.1)
    return network


def trained(
    network: XLMRobertaForSequenceClassification,
    tokenizer: Tokenizer,
    lessons: Lessons,
    score: Callable[[], float],
    checkpoints: Checkpoints | None = None,
    schedule: Schedule = SCHEDULE,
) -> State:
    fit(network, tokenizer, TINY.window_tokens, lessons, torch.ones(len(LABELS)), score, schedule, checkpoints)
    found: State = network.state_dict()
    return found


def rising() -> Callable[[], float]:
    """A score that grows with every epoch."""
    reached = iter(range(1, 100))
    return lambda: next(reached) / 100


def test_a_killed_run_goes_on_to_the_very_weights_of_one_that_was_left_alone(
    tokenizer: Tokenizer, lessons: Lessons, tmp_path: Path
) -> None:
    whole = trained(beginner(tokenizer), tokenizer, lessons, rising())
    grow, calls = rising(), 0

    def killed_in_the_second_epoch() -> float:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise Killed
        return grow()

    with pytest.raises(Killed):
        trained(beginner(tokenizer), tokenizer, lessons, killed_in_the_second_epoch, Checkpoints(tmp_path, "run"))
    torch.manual_seed(99)  # another process: nothing of the first one's chance is left
    resumed = trained(beginner(tokenizer), tokenizer, lessons, grow, Checkpoints(tmp_path, "run"))
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)
    assert not list(tmp_path.glob("*.unfinished"))


@pytest.mark.parametrize(("scores", "is_beside"), [([0.1], False), ([0.5, 0.4], True)])
def test_the_best_epoch_s_weights_are_kept_once_and_come_back_from_either_place(
    tokenizer: Tokenizer, lessons: Lessons, tmp_path: Path, scores: list[float], is_beside: bool
) -> None:
    """A large model's weights are a gigabyte, and the checkpoint lies in memory where there is no disk."""
    reached, schedule, checkpoints = iter(scores), replace(SCHEDULE, epochs=len(scores)), Checkpoints(tmp_path, "run")
    best = trained(beginner(tokenizer), tokenizer, lessons, lambda: next(reached), checkpoints, schedule)
    kept = torch.load(tmp_path / "checkpoint.pt", weights_only=True)["progress"]["best_weights"]
    assert bool(kept) is is_beside
    network = beginner(tokenizer)
    progress = checkpoints.restored(network, _optimiser(network, schedule), random.Random(1))
    assert set(progress.best_weights) == set(best)
    assert all(torch.equal(best[name], weight) for name, weight in progress.best_weights.items())


def test_a_finished_run_that_is_started_again_learns_nothing_more(
    tokenizer: Tokenizer, lessons: Lessons, tmp_path: Path
) -> None:
    first = trained(beginner(tokenizer), tokenizer, lessons, rising(), Checkpoints(tmp_path, "run"))
    again = trained(
        beginner(tokenizer), tokenizer, lessons, lambda: pytest.fail("trained"), Checkpoints(tmp_path, "run")
    )
    assert all(torch.equal(first[name], again[name]) for name in first)


def test_the_checkpoint_of_another_run_is_left_alone(tokenizer: Tokenizer, lessons: Lessons, tmp_path: Path) -> None:
    trained(beginner(tokenizer), tokenizer, lessons, rising(), Checkpoints(tmp_path, "one"))
    epochs = 0

    def counted() -> float:
        nonlocal epochs
        epochs += 1
        return epochs / 100

    trained(beginner(tokenizer), tokenizer, lessons, counted, Checkpoints(tmp_path, "other"))
    assert epochs == SCHEDULE.epochs


def test_it_stops_when_nothing_gets_better_and_keeps_the_best_epoch(tokenizer: Tokenizer, lessons: Lessons) -> None:
    network, seen = beginner(tokenizer), list[Any]()
    scores = iter([0.1, 0.5, 0.4, 0.3])

    def falling() -> float:
        seen.append(network.classifier.out_proj.weight.detach().clone())
        return next(scores)

    kept = trained(network, tokenizer, lessons, falling, schedule=Schedule(epochs=9, tokens_a_batch=512, patience=2))
    assert len(seen) == 4
    assert torch.equal(kept["classifier.out_proj.weight"], seen[1])


def test_classes_that_weigh_more_are_chosen_more_often(tokenizer: Tokenizer, posts: list[LabelledText]) -> None:
    def share_of_suicidal(weight: float) -> float:
        weights = torch.tensor([weight if label == "Suicidal" else 1.0 for label in LABELS])
        network = beginner(tokenizer)
        lessons = Lessons(posts, [], [], LessonPlan(folds=2, phrases=0, woven=0))
        fit(network, tokenizer, TINY.window_tokens, lessons, weights, lambda: 1.0, Schedule(epochs=1, rate=1e-4))
        ids = torch.tensor([[0, 5, 6, 7, 2]])
        with torch.no_grad():
            logits = network(ids, torch.ones_like(ids)).logits
        return float(logits.softmax(dim=1)[0, LABELS.index("Suicidal")])

    assert share_of_suicidal(50.0) > share_of_suicidal(1.0)


def test_where_no_post_is_normal_the_phrases_are_everyday_enough(posts: list[LabelledText]) -> None:
    """As where a few answers of therapists are all that there is."""
    said = {label: f"this one sentence is about {label.lower()}" for label in LABELS}
    templates = [Template(text, label, "core", "en", {}, [""], [""], True) for label, text in said.items()]
    [worried, *_] = [post for post in posts if post.label == "Anxiety"]
    read = Lessons([worried], [], templates, LessonPlan(folds=2, phrases=0, woven=50)).epoch(random.Random(4))
    assert sum(said["Normal"] in text for text, _ in read) > 10


def test_a_woven_message_that_begins_with_danger_keeps_all_of_it_however_narrow_it_is_cut(
    posts: list[LabelledText],
) -> None:
    said = {label: f"this one sentence is about {label.lower()}" for label in LABELS}
    templates = [Template(text, label, "core", "en", {}, [""], [""], True) for label, text in said.items()]
    plan = LessonPlan(folds=2, posts_share=0.1, phrases=0, woven=300, leading=1, close_ups=1)
    read = Lessons(posts, [], templates, plan).epoch(random.Random(4))
    woven = [lesson for lesson in read if "this one sentence" in lesson[0]]
    assert len(woven) == 300
    for text, target in woven:
        assert text.startswith(said[LABELS[target.index(1)]])
        assert len(text.split()) <= 28
    anywhere = LessonPlan(folds=2, posts_share=0.1, phrases=0, woven=300, leading=0, close_ups=1)
    read = Lessons(posts, [], templates, anywhere).epoch(random.Random(4))
    cut = [lesson for lesson in read if "this one sentence" in lesson[0]]
    assert all(said[LABELS[target.index(1)]] in text for text, target in cut)
    assert sum(text.startswith("this one") for text, _ in cut) < 250
