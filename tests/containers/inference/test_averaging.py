"""One base out of several models: the mean of their weights by their shares, without their wide parts."""

from pathlib import Path

import pytest

pytestmark = [pytest.mark.training, pytest.mark.filterwarnings("default")]
torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from safetensors.torch import save_file  # noqa: E402
from transformers import XLMRobertaConfig, XLMRobertaForSequenceClassification  # noqa: E402

from containers.inference.settings import Settings  # noqa: E402
from containers.inference.training.averaging import main  # noqa: E402
from containers.inference.training.network import load_network  # noqa: E402

SHIPPED = Path(Settings().model_path)


def network_at(folder: Path, seed: int, hidden: int = 32) -> Path:
    """A small network with weights of its own."""
    torch.manual_seed(seed)
    config = XLMRobertaConfig(
        vocab_size=50,
        hidden_size=hidden,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=48,
        max_position_embeddings=20,
        num_labels=7,
    )
    folder.mkdir()
    config.save_pretrained(folder)
    state = XLMRobertaForSequenceClassification(config).state_dict()
    save_file({name: weight.contiguous() for name, weight in state.items()}, str(folder / "model.safetensors"))
    (folder / "tokenizer.json").write_text("{}")
    return folder


def test_the_weights_are_the_mean_by_the_shares(tmp_path: Path) -> None:
    one, other = network_at(tmp_path / "one", 1), network_at(tmp_path / "other", 2)
    assert main(["--of", str(one), "3", "--of", str(other), "1", "--output", str(tmp_path / "mean")]) == 0
    found, first, second = (load_network(folder).state_dict() for folder in (tmp_path / "mean", one, other))
    assert set(found) == set(first)
    for name, weight in found.items():
        torch.testing.assert_close(weight, 0.75 * first[name] + 0.25 * second[name])


def test_a_wide_part_is_left_behind(tmp_path: Path) -> None:
    assert main(["--of", str(SHIPPED), "1", "--output", str(tmp_path / "alone")]) == 0
    network, shipped = load_network(tmp_path / "alone"), load_network(SHIPPED)
    assert getattr(network, "wide", None) is None
    deep = {name: weight for name, weight in shipped.state_dict().items() if not name.startswith("wide.")}
    assert set(network.state_dict()) == set(deep)
    assert all(torch.equal(weight, deep[name]) for name, weight in network.state_dict().items())


@pytest.mark.parametrize(
    ("hidden", "pieces", "share", "said"),
    [(16, "{}", "1", "size"), (32, "[]", "1", "pieces"), (32, "{}", "-2", "positive"), (32, "{}", "x", "float")],
)
def test_what_cannot_be_averaged_is_refused_in_a_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], hidden: int, pieces: str, share: str, said: str
) -> None:
    one, other = network_at(tmp_path / "one", 1), network_at(tmp_path / "other", 2, hidden)
    (other / "tokenizer.json").write_text(pieces)
    assert main(["--of", str(one), "1", "--of", str(other), share, "--output", str(tmp_path / "mean")]) == 1
    assert said in capsys.readouterr().err
    assert not (tmp_path / "mean").exists()
