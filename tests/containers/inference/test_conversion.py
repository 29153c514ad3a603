"""`best_model.pt` becomes a directory that serves, or is refused in a line, and nothing in it is run."""

import os
import pickle
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import fsspec
import numpy as np
import pytest

pytestmark = [pytest.mark.training, pytest.mark.filterwarnings("default")]
torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from containers.inference.classifier import Classifier, load  # noqa: E402
from containers.inference.model_directory import ModelUnusable, digest  # noqa: E402
from containers.inference.normalisation import normalise  # noqa: E402
from containers.inference.training.conversion import Conversion, convert, main  # noqa: E402
from containers.inference.training.labelled_texts import LABELS  # noqa: E402
from containers.inference.training.torch_checkpoint import CheckpointRefused, read_checkpoint  # noqa: E402
from tests.containers.inference.small_checkpoint import TOKENIZER, State, changed, small_state  # noqa: E402

TEXT = "I'm tired of Mondays, aren't you?"
BIAS = "roberta.encoder.layer.1.output.dense.bias"
WORD = "roberta.embeddings.word_embeddings.weight"
HEADS = HEAD, _ = "classifier.out_proj.weight", "classifier.out_proj.bias"


@pytest.fixture
def conversion(tmp_path: Path) -> Conversion:
    torch.save(small_state(), tmp_path / "best_model.pt")
    return Conversion(tmp_path / "best_model.pt", TOKENIZER, tmp_path / "model", precision="float32")


def own_scores(conversion: Conversion, text: str) -> dict[str, float]:
    """What the checkpoint itself says, through transformers' whole forward pass."""
    network = read_checkpoint(conversion.checkpoint, conversion.labels)
    [ids] = load(str(conversion.output), 1).windows(text)
    with torch.inference_mode():
        found = network(torch.tensor([ids])).logits.softmax(dim=1)[0]
    return dict(zip(LABELS, found.tolist(), strict=True))


def assert_close(served: Classifier, wanted: dict[str, float]) -> None:
    scores = served.predict(TEXT).scores
    assert np.allclose([scores[label] for label in LABELS], [wanted[label] for label in LABELS], atol=1e-4)


def test_a_state_dict_serves_what_it_said_and_reads_texts_as_they_were_written(conversion: Conversion) -> None:
    said = convert(conversion)
    served = load(str(conversion.output), 1)
    assert_close(served, own_scores(conversion, TEXT))
    assert served.description.as_written
    assert said == dict(served.description.self_test)
    assert set(served.description.thresholds) == {"Suicidal"}
    assert "not calibrated" in (conversion.output / "MODEL_CARD.md").read_text()


def test_one_that_was_trained_on_normalised_texts_gets_them_so(conversion: Conversion) -> None:
    convert(replace(conversion, normalised=True))
    served = load(str(conversion.output), 1)
    assert served.windows(TEXT) == served.windows(normalise(TEXT))


@pytest.mark.parametrize(
    "kept",
    [
        lambda state: state,
        lambda state: {"epoch": 3, "state_dict": state, "optimizer": {"lr": 0.1}},
        lambda state: {"model_state_dict": state, "best_f1": 0.79},
        lambda state: {"model": {f"module.{name}": weight for name, weight in state.items()}},
        lambda state: {name: weight.double() for name, weight in state.items()},
        lambda state: state | {"roberta.embeddings.position_ids": torch.arange(130)},
    ],
)
def test_weights_are_found_wherever_training_keeps_them(
    conversion: Conversion, kept: Callable[[State], dict[str, Any]]
) -> None:
    torch.save(kept(small_state()), conversion.checkpoint)
    found = read_checkpoint(conversion.checkpoint).state_dict()
    assert all(torch.equal(found[name], weight) for name, weight in small_state().items())


def test_the_order_of_the_outputs_is_told_and_every_label_keeps_its_score(conversion: Conversion) -> None:
    convert(conversion)
    alphabetical = load(str(conversion.output), 1).predict(TEXT).scores
    told = replace(conversion, labels=LABELS[::-1], output=conversion.output.parent / "told")
    convert(told)
    served = load(str(told.output), 1)
    assert served.description.labels == LABELS
    assert_close(served, dict(zip(LABELS[::-1], (alphabetical[label] for label in LABELS), strict=True)))


@pytest.mark.parametrize(
    ("held", "said"),
    [
        ([1, 2, 3], "holds no state_dict"),
        ({"state_dict": {}}, "holds no state_dict"),
        (
            changed(lambda state: state.pop("roberta.encoder.layer.1.output.dense.bias")),
            "lacks roberta.encoder.layer.1",
        ),
        (changed(lambda state: state.pop(WORD)), "word_embeddings.weight' is missing"),
        (changed(lambda state: state.update(extra=torch.ones(2))), "holds extra, which has no place"),
        (changed(lambda state: state.update({"classifier.dense.bias": torch.ones(3)})), r"is \(3,\), not \(128,\)"),
        (changed(lambda state: state[HEAD].fill_(float("nan"))), "classifier.out_proj.weight holds values"),
        (
            changed(lambda state: [state.update({name: state[name][:3]}) for name in (HEAD, HEAD[:-6] + "bias")]),
            "3 cla",
        ),
        (changed(lambda state: state[HEAD].zero_()), "it decides no sentence of the self-test"),
        (changed(lambda state: state.update({WORD: state[WORD][:50]})), "pieces, but the checkpoint has 50"),
    ],
)
def test_what_is_no_such_classifier_is_refused_in_one_line(
    conversion: Conversion, capsys: pytest.CaptureFixture[str], held: object, said: str
) -> None:
    torch.save(held, conversion.checkpoint)
    arguments = [str(conversion.checkpoint), "--tokenizer", str(TOKENIZER), "--out", str(conversion.output)]
    assert main(arguments) == 1
    with pytest.raises(CheckpointRefused, match=said):
        convert(conversion)
    assert len(capsys.readouterr().err.splitlines()) == 1


class Trap:
    """Unpickled, it would run code."""

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[str]]:
        return spring, ("sprung",)


def spring(trap: str) -> None:
    os.environ[trap] = "yes"


@pytest.mark.parametrize("write", [torch.save, lambda held, path: path.write_bytes(pickle.dumps(held, protocol=2))])
def test_code_in_a_checkpoint_is_refused_and_not_run(
    conversion: Conversion, write: Callable[[object, Path], object]
) -> None:
    write({"state_dict": small_state(), "trap": Trap()}, conversion.checkpoint)
    with pytest.raises(CheckpointRefused, match="more than tensors and plain values"):
        convert(conversion)
    assert "sprung" not in os.environ


@pytest.mark.parametrize("content", [b"", b"no checkpoint", None])
def test_a_file_that_is_no_checkpoint_or_not_there_is_refused(conversion: Conversion, content: bytes | None) -> None:
    conversion.checkpoint.unlink()
    if content is not None:
        conversion.checkpoint.write_bytes(content)
    with pytest.raises(CheckpointRefused, match=r"best_model\.pt") as raised:
        convert(conversion)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("content", "said"),
    [(None, "no such file"), ("{}", "no tokenizer of the tokenizers library")],
)
def test_a_tokenizer_that_is_none_is_refused(conversion: Conversion, content: str | None, said: str) -> None:
    place = conversion.output.parent / "tokenizer"
    place.mkdir()
    if content is not None:
        (place / "tokenizer.json").write_text(content)
    with pytest.raises(CheckpointRefused, match=said):
        convert(replace(conversion, tokenizer=place))


def test_one_in_a_store_is_fetched_with_its_tokenizer_and_is_the_one_that_its_checksum_names(
    conversion: Conversion, capsys: pytest.CaptureFixture[str]
) -> None:
    bucket = fsspec.filesystem("memory")
    bucket.pipe_file("/checkpoints/best_model.pt", conversion.checkpoint.read_bytes())
    bucket.pipe_file("/checkpoints/tokenizer.json", (TOKENIZER / "tokenizer.json").read_bytes())
    rest = ["--tokenizer", "memory://checkpoints", "--out", str(conversion.output), "--precision", "float32"]
    pinned = f"memory://checkpoints/best_model.pt#sha256={digest(conversion.checkpoint)}"
    assert main([pinned, *rest]) == 0
    assert_close(load(str(conversion.output), 1), own_scores(conversion, TEXT))
    capsys.readouterr()
    for place in (f"{pinned[:-64]}{'0' * 64}", "memory://checkpoints/another.pt"):
        assert main([place, *rest]) == 1
        assert len(capsys.readouterr().err.splitlines()) == 1


def test_what_does_not_serve_leaves_the_model_that_lies_there(
    conversion: Conversion, monkeypatch: pytest.MonkeyPatch
) -> None:
    convert(conversion)
    before = {path.name: digest(path) for path in conversion.output.iterdir()}
    monkeypatch.setattr("containers.inference.training.conversion.AS_WRITTEN", 99)  # which no code of today reads
    with pytest.raises(ModelUnusable, match="normalisation 99"):
        convert(replace(conversion, precision="int8"))
    assert {path.name: digest(path) for path in conversion.output.iterdir()} == before


def test_labels_that_are_none_of_ours_are_refused(conversion: Conversion) -> None:
    with pytest.raises(CheckpointRefused, match="the labels must be these"):
        convert(replace(conversion, labels=("Happy", *LABELS[1:])))
