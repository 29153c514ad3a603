"""What eight bits cost and must not cost: size, closeness, and independence of company and machine."""

import copy
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

pytestmark = [pytest.mark.training, pytest.mark.filterwarnings("default")]
torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from transformers import XLMRobertaForSequenceClassification  # noqa: E402

from containers.inference.engines import OnnxEngine  # noqa: E402
from containers.inference.model_directory import describe  # noqa: E402
from containers.inference.settings import Settings  # noqa: E402
from containers.inference.torch_engine import TorchEngine  # noqa: E402
from containers.inference.training.export import Precision, export, export_onnx  # noqa: E402
from containers.inference.training.publication import version_of  # noqa: E402
from containers.inference.training.sealing import network_name  # noqa: E402
from containers.inference.training.torch_checkpoint import read_checkpoint  # noqa: E402
from tests.containers.inference.small_checkpoint import small_state  # noqa: E402

WINDOWS = [[0, *range(10, 10 + length), 2] for length in (3, 20, 20, 90, 126)]


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> XLMRobertaForSequenceClassification:
    path = tmp_path_factory.mktemp("checkpoint") / "best_model.pt"
    torch.save(small_state(), path)
    return read_checkpoint(path)


@pytest.fixture(scope="module")
def int8(network: XLMRobertaForSequenceClassification, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("int8") / "model.onnx"
    export_onnx(network, path, "int8")
    return path


@pytest.mark.parametrize("precision", ["float32", "int8-weights", "int8"])
def test_a_networks_name_changes_with_one_weight(
    precision: Precision, network: XLMRobertaForSequenceClassification, tmp_path: Path
) -> None:
    names = set[str]()
    changed = copy.deepcopy(network)
    with torch.no_grad():
        changed.roberta.encoder.layer[0].attention.self.query.weight[0, 0] += 1
    for one in (network, network, changed):
        export(one, tmp_path, precision)
        names.add(network_name(tmp_path))
    assert len(names) == 2


def test_a_version_s_name_changes_with_whatever_its_answers_follow_from() -> None:
    described = describe(Path(Settings().model_path))
    others = [
        replace(described, thresholds={"Suicidal": {"raised": 0.01, "high": 0.3}}),
        replace(described, temperature=described.temperature + 0.1),
        replace(described, window_tokens=described.window_tokens - 1),
        replace(described, as_written=not described.as_written),
    ]
    names = [version_of(Path(Settings().model_path), one, goes_on=True) for one in (described, *others)]
    assert len(set(names)) == len(names)
    assert version_of(Path(Settings().model_path), replace(described, metrics={}), goes_on=True) == names[0]


def test_both_engines_read_packed_weights_from_one_file_and_agree(
    network: XLMRobertaForSequenceClassification, tmp_path: Path
) -> None:
    export(network, tmp_path, "int8-weights")
    network.config.save_pretrained(tmp_path)
    served, trained = OnnxEngine(tmp_path / "model.onnx", 1, pad_id=1), TorchEngine(tmp_path, 1, pad_id=1)
    assert np.abs(served.logits(WINDOWS) - trained.logits(WINDOWS)).max() < 1e-5


def test_no_score_depends_on_what_else_is_asked_at_that_moment(int8: Path) -> None:
    engine = OnnxEngine(int8, 1, pad_id=1)
    alone = np.concatenate([engine.logits([window]) for window in WINDOWS])
    assert (engine.logits(WINDOWS[::-1])[::-1] == alone).all()


def test_no_pair_of_products_leaves_sixteen_bits_so_that_every_processor_gives_the_same(int8: Path) -> None:
    model = onnx.load(str(int8))
    weights = {weight.name: numpy_helper.to_array(weight) for weight in model.graph.initializer}
    products = [weights[node.input[1]] for node in model.graph.node if node.op_type == "MatMulInteger"]
    assert len(products) == 2 * 6  # every product with weights of both layers
    assert all(2 * 255 * np.abs(weight.astype(int)).max() < 2**15 for weight in products)


def test_embeddings_stay_packed_and_their_rows_come_back_within_half_a_step(
    int8: Path, network: XLMRobertaForSequenceClassification
) -> None:
    model = onnx.load(str(int8))
    weights = {weight.name: numpy_helper.to_array(weight) for weight in model.graph.initializer}
    table = network.roberta.embeddings.word_embeddings.weight.detach().numpy()
    [packed] = [name for name, weight in weights.items() if weight.shape == table.shape]
    scale = weights[packed.replace(".packed", ".scale")]
    assert weights[packed].dtype == np.int8
    assert (np.abs(weights[packed] * scale - table) <= scale * 0.5001).all()
    assert int8.stat().st_size < 0.3 * sum(weight.numel() * 4 for weight in network.parameters())
