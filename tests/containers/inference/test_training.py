"""Training from files to a served directory, on a few hundred made-up texts."""

import csv
import itertools
import json
import random
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytestmark = [pytest.mark.training, pytest.mark.filterwarnings("default")]
torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from tokenizers import Tokenizer  # noqa: E402
from transformers import XLMRobertaConfig, XLMRobertaForMaskedLM  # noqa: E402

from containers.inference.classifier import load  # noqa: E402
from containers.inference.engines import OnnxEngine  # noqa: E402
from containers.inference.model_directory import digest  # noqa: E402
from containers.inference.training import publication, training_run  # noqa: E402
from containers.inference.training.beginning import beginning  # noqa: E402
from containers.inference.training.clinic_phrases import held_out_messages, read_templates  # noqa: E402
from containers.inference.training.dataset_split import part_of  # noqa: E402
from containers.inference.training.evaluation import Share, measure  # noqa: E402
from containers.inference.training.exit_codes import GATE_FAILED, NOTHING_TO_LEARN  # noqa: E402
from containers.inference.training.export import Precision, export  # noqa: E402
from containers.inference.training.fitting import Schedule  # noqa: E402
from containers.inference.training.labelled_texts import LABELS, SPLITS, LabelledText, in_split, split_of  # noqa: E402
from containers.inference.training.lessons import LessonPlan, Lessons  # noqa: E402
from containers.inference.training.material import Sources, read_material  # noqa: E402
from containers.inference.training.network import NetworkSize, TorchEngine, class_logits, new_network  # noqa: E402
from containers.inference.training.options import Options, parse  # noqa: E402
from containers.inference.training.training_run import main, run  # noqa: E402
from dev.environment import ROOT  # noqa: E402
from shared.model_comparison import ComparedModels  # noqa: E402

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
        baselines=False,
    )


@pytest.fixture(scope="module")
def trained(posts: Path, tmp_path_factory: pytest.TempPathFactory) -> Options:
    """A run that is over, with linear models beside it; its directory is only read."""
    options = Options(
        data=[posts],
        output=tmp_path_factory.mktemp("trained") / "model",
        size=TINY,
        plan=LessonPlan(folds=2, phrases=200, woven=50),
        schedule=Schedule(epochs=1, tokens_a_batch=512),
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(publication, "SELF_TEST", ())
        run(options)
    return options


def read(directory: Path, name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((directory / name).read_bytes())
    return content


def test_a_run_writes_a_directory_that_serves_with_its_report_and_card(trained: Options) -> None:
    served = load(str(trained.output), 1)
    assert served.description.labels == LABELS
    card = (trained.output / "MODEL_CARD.md").read_text()
    assert "not a medical device" in card
    # Of where its texts come from it claims nothing that nobody told it, the shipped model's origin for one.
    kinds = [part["kinds"].get("post", 0) for part in read(trained.output, "report.json")["data"].values()]
    assert f"{sum(kinds):,} collected texts with one of the seven labels (en)" in card
    assert "It began with nothing but these texts" in card
    assert "MiniLM" not in card
    report, bloom = read(trained.output, "report.json"), read(trained.output, "bloom.json")
    assert report["version"] == served.description.version
    assert report["thresholdsVersion"] == bloom["thresholdsVersion"] == served.description.thresholds_version
    assert report["behaviour"]["cases"] > 300
    assert report["version"] in [one["name"] for one in report["baselines"]]
    assert {"logistic regression, words", "linear SVM, words"} <= {one["name"] for one in report["baselines"]}
    assert report["making"]["files"] == {"posts.csv": digest(Path(str(trained.data[0])))}
    assert report["version"] in (trained.output / "report.html").read_text()
    manifest = read(trained.output, "manifest.json")["sha256"]
    assert {"report.json", "report.html", "MODEL_CARD.md", "model.onnx"} <= set(manifest)


def test_the_same_data_and_seed_give_the_same_model_and_figures(options: Options, trained: Options) -> None:
    run(options)
    for name in ("bloom.json", "model.onnx", "model.safetensors"):
        assert digest(options.output / name) == digest(trained.output / name)
    again, first = read(options.output, "report.json"), read(trained.output, "report.json")
    assert {**again, "baselines": []} == {**first, "baselines": []}


def feedback_file(folder: Path) -> Path:
    """Answers to 300 messages of 60 patients, whose topics tell the labels."""
    chance, path = random.Random(9), folder / "feedback.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("author", "text", "label", "language"))
        for number in range(300):
            label, words = list(TOPICS.items())[number % 7]
            text = " ".join(chance.choices([*words.split(), "today", "again"], k=12))
            writer.writerow((f"patient-{number % 60}", f"{text}, {number}", label, "en"))
    return path


def test_a_run_learns_from_feedback_by_author_and_is_compared_with_the_model_that_serves(
    options: Options, trained: Options, tmp_path: Path
) -> None:
    feedback = feedback_file(tmp_path)
    sources = Sources([Path(str(path)) for path in options.data], feedback=feedback)
    parts = [text.part for text in read_material(sources).posts if text.kind == "feedback"]
    run(replace(options, feedback=feedback, base=trained.output, champion=trained.output))
    assert load(str(options.output), 1).description.version.startswith("tuned-")
    report = read(options.output, "report.json")
    sections = [report["figures"][name] for name in ("posts", "feedback")]
    assert sections[1]["texts"] == parts.count("test") > 0
    assert report["data"]["train"]["kinds"]["feedback"] == parts.count("train")
    beside = ComparedModels.model_validate(read(options.output, "comparison.json"))
    assert beside.champion == load(str(trained.output), 1).description.version
    assert beside.champion_manifest_sha256 == digest(trained.output / "manifest.json")
    assert sum(one.count for one in beside.outcomes) == sum(section["texts"] for section in sections)
    right = sum(one.count for one in beside.outcomes if one.truth == one.candidate)
    assert right == sum(section["accuracy"]["hits"] for section in sections)
    flagged = sum(one.count for one in beside.outcomes if one.candidate_flags)
    assert flagged == sum(section["risk"]["raised"]["flagged"]["hits"] for section in sections)
    danger = report["behaviour"]["byLanguage"].values()
    assert sum(one.candidate_passes for one in beside.critical_cases) == sum(sides["danger"][0] for sides in danger)


def test_a_champion_that_cannot_serve_here_is_told_and_a_network_that_is_only_measured_stays_the_same(
    options: Options, trained: Options, capsys: pytest.CaptureFixture[str]
) -> None:
    anew = replace(options, base=trained.output, champion=trained.output.parent)
    run(replace(anew, schedule=replace(options.schedule, epochs=0)))
    assert "cannot be compared with" in capsys.readouterr().out
    assert not (options.output / "comparison.json").exists()
    before, after = read(trained.output, "report.json"), read(options.output, "report.json")
    assert after["making"]["goes_on_from"] == before["version"]
    assert after["figures"]["posts"]["texts"] == before["figures"]["posts"]["texts"]
    card = (options.output / "MODEL_CARD.md").read_text()
    assert f"taught nothing in this run, only calibrated and measured: it is that of `{before['version']}`" in card


def foreign_checkpoint(folder: Path, tokenizer: Tokenizer, seed: int) -> Path:
    """As xlm-roberta-base comes: no head of ours, no description of ours, positions for so many tokens."""
    torch.manual_seed(seed)
    config = XLMRobertaConfig(
        vocab_size=tokenizer.get_vocab_size(),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=16,
        max_position_embeddings=66,
        type_vocab_size=1,
    )
    XLMRobertaForMaskedLM(config).save_pretrained(folder)
    tokenizer.enable_truncation(8)  # as some come; nothing of a text is left out for it
    tokenizer.save(str(folder / "tokenizer.json"))
    return folder


def test_a_checkpoint_is_gone_on_from_only_by_the_run_that_left_it(
    options: Options, trained: Options, tmp_path: Path
) -> None:
    """Two checkpoints of one kind have one name, and yet are two; and the dropout is of the run alone."""
    tokenizer = Tokenizer.from_file(str(trained.output / "tokenizer.json"))
    bases = [foreign_checkpoint(tmp_path / str(seed), tokenizer, seed) for seed in (1, 2)]
    material = read_material(Sources([Path(str(path)) for path in options.data]))
    one, other = (beginning(options, base, material) for base in bases)
    begun = [(options, one), (options, other), (replace(options, dropout=0.3), one), (options, one)]
    kept = [training_run._checkpoints(chosen, material, {}, start)._identity for chosen, start in begun]
    assert one.goes_on_from == other.goes_on_from
    assert len(set(kept)) == 3
    assert kept[0] == kept[3]


def test_a_checkpoint_in_hugging_face_s_form_is_gone_on_from_by_its_url(
    options: Options, trained: Options, tmp_path: Path
) -> None:
    import fsspec

    foreign_checkpoint(tmp_path / "base", Tokenizer.from_file(str(trained.output / "tokenizer.json")), 2)
    (tmp_path / "about.md").write_text("Told by who runs it.")
    fsspec.filesystem("memory").put(str(tmp_path / "base"), "/checkpoints/xlm-r", recursive=True)
    [posts] = map(str, options.data)
    fsspec.filesystem("memory").put(posts, "/checkpoints/posts.csv")
    pinned = f"memory://checkpoints/posts.csv#sha256={digest(Path(posts))}"
    run(
        replace(
            options,
            data=[pinned],
            base="memory://checkpoints/xlm-r",
            precision="int8",
            about_data=tmp_path / "about.md",
        )
    )
    assert "Told by who runs it." in (options.output / "MODEL_CARD.md").read_text()
    report = read(options.output, "report.json")
    assert report["making"]["files"] == {"posts.csv": digest(Path(posts))}
    assert report["making"]["goes_on_from"] == "xlm-roberta"
    assert report["window"] == {"tokens": 64, "overlap": 16}
    assert report["version"].startswith("tuned-")


def test_a_file_that_is_not_the_one_its_checksum_names_is_not_learnt_from(options: Options) -> None:
    [path] = options.data
    with pytest.raises(ValueError, match=r"posts\.csv: its SHA-256 is"):
        run(replace(options, data=[f"{path}#sha256={'0' * 64}"]))


def test_a_model_that_fails_the_gate_is_not_published_and_leaves_the_one_that_lies_there(
    options: Options, trained: Options, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(trained.output, options.output)
    measured = replace(options, base=options.output, schedule=replace(options.schedule, epochs=0), precision="int8")
    assert main(replace(measured, gate=("en", "de"))) == GATE_FAILED
    assert re.search(r"not published.* en: \d+ of \d+ cases.* de: ", capsys.readouterr().out)
    assert {path.name: digest(path) for path in options.output.iterdir()} == {
        path.name: digest(path) for path in trained.output.iterdir()
    }


COMMAND = """
import sys
from containers.inference.training import options, publication, training_run
publication.SELF_TEST = ()  # which so small a model does not pass
sys.exit(training_run.main(options.parse(sys.argv[1:])))
"""


def test_a_killed_run_ends_with_the_very_model_that_it_would_have_made(
    options: Options, trained: Options, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command itself, killed after its first epoch and started again in the same way."""
    killed = arguments(options, trained, tmp_path / "model", tmp_path / "work")
    program = [sys.executable, "-c", COMMAND, *killed]
    with subprocess.Popen(program, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as trainer:
        assert trainer.stdout
        assert next(line for line in trainer.stdout if line.startswith("epoch 1"))
        trainer.kill()
    assert not (tmp_path / "model").exists()
    assert main(parse(killed)) == 0
    assert "going on after epoch" in capsys.readouterr().out
    assert main(parse(arguments(options, trained, tmp_path / "whole", tmp_path / "other-work"))) == 0
    assert "going on after epoch" not in capsys.readouterr().out
    for name in ("model.onnx", "model.safetensors", "bloom.json", "report.json"):
        assert digest(tmp_path / "model" / name) == digest(tmp_path / "whole" / name)


def arguments(options: Options, base: Options, output: Path, work: Path) -> list[str]:
    """Three epochs that go on from a model."""
    short = ["--epochs", "3", "--phrases", "100", "--woven", "20", "--no-baselines"]
    places = ["--base", str(base.output), "--output", str(output), "--work", str(work)]
    return ["--data", *map(str, options.data), *places, *short]


def test_where_every_answer_is_held_apart_the_run_says_that_there_is_nothing_to_learn(
    options: Options, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    author = next(name for name in map(str, itertools.count()) if part_of(name) == "validation")
    answers = tmp_path / "feedback.csv"
    answers.write_text(f"author,text,label,language\n{author},i cannot go on,Suicidal,en\n", encoding="utf-8")
    assert main(replace(options, data=(), feedback=answers, output=tmp_path / "none")) == NOTHING_TO_LEARN
    assert "nothing was taught" in capsys.readouterr().out
    assert not (tmp_path / "none").exists()


def test_no_text_is_in_two_splits_and_marks_do_not_make_two_of_one(posts: Path) -> None:
    material = read_material(Sources([posts]))
    assert [post.text for post in material.posts].count("we cant wont lunch") == 1
    splits = [{text.text for text in in_split(material.posts, split)} for split in SPLITS]
    assert sum(map(len, splits)) == len(set.union(*splits)) == len(material.posts)


def test_no_clinic_message_that_is_judged_was_ever_taught(options: Options) -> None:
    templates = read_templates()
    posts = in_split(read_material(Sources([Path(str(options.data[0]))])).posts, "train")
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
    export(network, tmp_path, precision)
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
        read_material(Sources([tmp_path / "posts.csv"]))


def test_the_command_line_names_every_choice() -> None:
    options = parse(["--data", "a.csv", "b.csv.gz", "--output", "out", "--epochs", "2", "--precision", "int8"])
    assert options.data == ["a.csv", "b.csv.gz"]
    assert (options.schedule.epochs, options.precision, options.gate) == (2, "int8", ())
    assert parse(["--feedback", "f.csv", "--output", "o", "--gated"]).gate == ("en",)
    assert len(parse(["--data", "a.csv", "--output", "o", "--production"]).gate) == 6
    with pytest.raises(SystemExit):
        parse(["--output", "o"])


def test_the_split_of_a_text_never_changes() -> None:
    shares = [split_of(str(number)) for number in range(2000)]
    assert split_of("hello") == split_of("hello")
    assert 150 < shares.count("test") < 250
    assert 150 < shares.count("validation") < 250
