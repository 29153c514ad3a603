"""ONNX Runtime and torch say the same of the same texts, within a tolerance that is stated here."""

from pathlib import Path

import numpy as np
import pytest

pytestmark = [pytest.mark.training, pytest.mark.filterwarnings("default")]
torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from containers.inference.classifier import Classifier, load  # noqa: E402
from containers.inference.settings import Settings  # noqa: E402
from containers.inference.torch_engine import TorchEngine  # noqa: E402
from containers.inference.training.conversion import Conversion, convert  # noqa: E402
from containers.inference.training.export import Precision  # noqa: E402
from tests.containers.inference.small_checkpoint import TOKENIZER, small_state  # noqa: E402

SAME_NUMBERS = 1e-4
"""Of a probability: both engines read the same packed numbers and compute with them in float32;"""
HALVED_NUMBERS = 1e-3
"""where the weights are not packed, torch reads them in half precision;"""
HALF_TOLERANCE = 0.02
"""where one computes in bfloat16, as on a GPU;"""
ROUNDED_TOLERANCE = 0.06
"""where what flows between the layers of one is rounded to eight bits, and its weights are random."""
TEXTS = (
    "",
    "Thanks, see you on Thursday",
    "Can I get my prescription refilled before the holidays?",
    "I don't want to be here anymore",
    "I am not suicidal, just tired",
    "Ich habe seit Wochen kaum geschlafen",
    "My heart was racing on the train and I could not breathe until the doors opened",
    "Everything is too much at work and my manager keeps adding to it. " * 4,
    "We walked along the river and talked about the weather and about what to cook. " * 30,
)


def disagreement(one: Classifier, other: Classifier) -> float:
    """The largest difference of a probability; where a label differs, both must have been a tie within it."""
    worst = 0.0
    for text in TEXTS:
        ours, theirs = one.predict(text), other.predict(text)
        gap = max(abs(ours.scores[label] - theirs.scores[label]) for label in ours.scores)
        if ours.label != theirs.label:
            assert ours.confidence - ours.scores[theirs.label] <= 2 * gap
        worst = max(worst, gap)
    return worst


def test_both_engines_agree_on_the_shipped_model() -> None:
    served, reference = (load(Settings().model_path, 1, engine=engine) for engine in ("onnx", "torch"))
    assert disagreement(served, reference) < SAME_NUMBERS
    assert [served.predict(text).label for text in TEXTS] == [reference.predict(text).label for text in TEXTS]


@pytest.mark.parametrize(
    ("precision", "tolerance"),
    [("float32", HALVED_NUMBERS), ("int8-weights", SAME_NUMBERS), ("int8", ROUNDED_TOLERANCE)],
)
def test_both_engines_agree_on_a_network_of_the_full_architecture(
    tmp_path: Path, precision: Precision, tolerance: float
) -> None:
    torch.save(small_state(), tmp_path / "best_model.pt")
    convert(Conversion(tmp_path / "best_model.pt", TOKENIZER, tmp_path / "model", precision=precision))
    served, reference = (load(str(tmp_path / "model"), 1, engine=engine) for engine in ("onnx", "torch"))
    assert disagreement(served, reference) < tolerance


def test_in_the_precision_of_a_gpu_the_shipped_model_says_the_same() -> None:
    served = load(Settings().model_path, 1)
    on_gpu = TorchEngine(Path(Settings().model_path), 1, served.description.pad_id, torch.bfloat16)
    assert disagreement(served, served.over(on_gpu)) < HALF_TOLERANCE


def test_the_torch_engine_answers_in_the_order_asked_whatever_shares_a_run() -> None:
    reference = load(Settings().model_path, 1, engine="torch")
    windows = [window for text in TEXTS for window in reference.windows(text)]
    alone = np.concatenate([reference.logits([window]) for window in windows])
    assert np.allclose(reference.logits(windows[::-1]), alone[::-1], atol=1e-4)
