"""Training from files to a served directory, on a few hundred made-up texts."""

import csv
import json
import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytestmark = [pytest.mark.training, pytest.mark.filterwarnings("default")]
torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from containers.inference.classifier import load  # noqa: E402
from containers.inference.engines import OnnxEngine  # noqa: E402
from containers.inference.training import publication  # noqa: E402
from containers.inference.training.clinic_phrases import held_out_messages, read_templates  # noqa: E402
from containers.inference.training.evaluation import Share, measure  # noqa: E402
from containers.inference.training.export import Precision, export_onnx  # noqa: E402
from containers.inference.training.fitting import Schedule  # noqa: E402
from containers.inference.training.labelled_texts import LABELS, SPLITS, LabelledText, in_split, split_of  # noqa: E402
from containers.inference.training.lessons import LessonPlan, Lessons  # noqa: E402
from containers.inference.training.network import NetworkSize, TorchEngine, class_logits, new_network  # noqa: E402
from containers.inference.training.options import Options, parse  # noqa: E402
from containers.inference.training.training_run import read_material, run  # noqa: E402

TOPICS = dict(
    zip(
        LABELS,
        (
            "worry fear panic",
            "manic high lithium",
            "sad empty bed",
            "lunch film dog",
            "borderline split",
            "deadline boss",
            "die kill end",
        ),
        strict=True,
    )
)
TINY = NetworkSize(vocabulary=400, hidden=32, layers=2, heads=2, inner=32, window_tokens=32)


@pytest.fixture(scope="module")
def posts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A CSV file of made-up posts whose topic tells the label, with one text twice in other marks."""
    chance, path = random.Random(3), tmp_path_factory.mktemp("data") / "posts.csv"
    rows = [
        (label, " ".join(chance.choice(["i", "the", "my", "so", *words.split()]) for _ in range(chance.randint(4, 60))))
        for label, words in TOPICS.items()
        for _ in range(60)
    ]
    rows += [("Normal", "We can't, won't; lunch!"), ("Normal", "we cant wont lunch")]
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "text", "label"])
        writer.writerows((number, text, label) for number, (label, text) in enumerate(rows))
    return path


@pytest.fixture
def options(posts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Options:
    """A run of seconds; its model knows too little to pass the shipped model's self-test."""
    monkeypatch.setattr(publication, "SELF_TEST", ())
    return Options(
        data=[posts],
        output=tmp_path / "model",
        size=TINY,
        plan=LessonPlan(folds=2, phrases=200, woven=50),
        schedule=Schedule(epochs=1, tokens_a_batch=512),
    )


def test_a_run_writes_a_directory_that_serves_and_the_same_seed_gives_the_same_model(options: Options) -> None:
    run(options)
    first = json.loads((options.output / "bloom.json").read_text())
    served = load(str(options.output), 1)
    assert served.description.labels == LABELS
    assert "not a medical device" in (options.output / "MODEL_CARD.md").read_text()
    run(replace(options, output=options.output.parent / "again"))
    assert json.loads((options.output.parent / "again" / "bloom.json").read_text()) == first


def test_a_run_can_go_on_from_a_model_directory(options: Options) -> None:
    run(options)
    tuned = replace(options, base=options.output, output=options.output.parent / "tuned")
    run(tuned)
    assert load(str(tuned.output), 1).description.version.startswith("tuned-")


def test_no_text_is_in_two_splits_and_marks_do_not_make_two_of_one(options: Options) -> None:
    material = read_material(options)
    assert [post.text for post in material.posts].count("we cant wont lunch") == 1
    splits = [{text.text for text in in_split(material.posts, split)} for split in SPLITS]
    assert sum(map(len, splits)) == len(set.union(*splits)) == len(material.posts)


def test_no_clinic_message_that_is_judged_was_ever_taught(options: Options) -> None:
    templates = read_templates()
    posts = in_split(read_material(options).posts, "train")
    taught = [template for template in templates if template.split == "train"]
    lessons = {text for text, _ in Lessons(posts, [], taught, options.plan).epoch(random.Random(1))}
    for split in ("validation", "test"):
        held_out = {message.text for message in held_out_messages(templates, split)}
        assert len(held_out) > 80
        assert not held_out & lessons


def test_templates_hold_every_label_in_every_language_and_no_phrase_twice() -> None:
    templates = read_templates()
    for language in ("de", "en", "es", "fr", "it", "pt"):
        assert {template.label for template in templates if template.language == language} == set(LABELS)
    phrases = [(template.language, template.phrase) for template in templates]
    assert len(phrases) == len(set(phrases))
    assert all(template.fillings() for template in templates)


@pytest.mark.parametrize(("precision", "tolerance"), [("float32", 1e-5), ("int8-weights", 0.05), ("int8", 0.5)])
def test_the_exported_network_says_what_the_trained_one_says(
    tmp_path: Path, precision: Precision, tolerance: float
) -> None:
    torch.manual_seed(5)
    network = new_network(TINY, 400, dropout=0.1)
    windows = [[0, *range(5, 5 + length), 2] for length in (0, 1, 9, 30)]
    export_onnx(network, tmp_path / "model.onnx", precision)
    exported = OnnxEngine(tmp_path / "model.onnx", 1, pad_id=1).logits(windows)
    assert np.abs(exported - TorchEngine(network).logits(windows)).max() < tolerance


def test_the_shortened_forward_pass_is_the_whole_ones(tmp_path: Path) -> None:
    torch.manual_seed(5)
    network = new_network(TINY, 400, dropout=0.1).eval()
    input_ids = torch.tensor([[0, 7, 8, 9, 2], [0, 11, 2, 1, 1]])
    mask = (input_ids != 1).long()
    assert torch.allclose(class_logits(network, input_ids, mask), network(input_ids, mask).logits, atol=1e-5)


def test_figures_count_what_they_say() -> None:
    texts = [LabelledText("a", "Suicidal"), LabelledText("b", "Suicidal"), LabelledText("c", "Normal")]
    found = np.full((3, len(LABELS)), 0.01)
    found[0, LABELS.index("Suicidal")] = found[1, LABELS.index("Normal")] = found[2, LABELS.index("Normal")] = 0.94
    figures = measure(texts, found, {"high": 0.5})
    assert figures.accuracy == Share(2, 3)
    assert figures.classes["Suicidal"].recall == Share(1, 2)
    assert figures.classes["Normal"].precision == Share(1, 2)
    assert figures.risk["high"].predictive_value == Share(1, 1)
    low, high = Share(8, 10).interval
    assert (round(low, 2), round(high, 2)) == (0.49, 0.94)


def test_a_label_that_is_none_of_ours_is_refused(tmp_path: Path) -> None:
    (tmp_path / "posts.csv").write_text("id,text,label\n1,hello,Happy\n")
    with pytest.raises(ValueError, match="Happy"):
        read_material(Options(data=[tmp_path / "posts.csv"], output=tmp_path))


def test_the_command_line_names_every_choice() -> None:
    options = parse(["--data", "a.csv", "b.csv.gz", "--output", "out", "--epochs", "2", "--precision", "int8"])
    assert [path.name for path in options.data] == ["a.csv", "b.csv.gz"]
    assert (options.schedule.epochs, options.precision) == (2, "int8")


def test_the_split_of_a_text_never_changes() -> None:
    shares = [split_of(str(number)) for number in range(2000)]
    assert split_of("hello") == split_of("hello")
    assert 150 < shares.count("test") < 250
    assert 150 < shares.count("validation") < 250
