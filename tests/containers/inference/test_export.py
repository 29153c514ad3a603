"""What eight bits cost and must not cost: size, closeness, and independence of company and machine."""

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
from containers.inference.training.export import export_onnx  # noqa: E402
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
