"""The wide part: what it computes, what it was fitted to, and that every engine adds the same."""

import dataclasses
import math
import random
from pathlib import Path

import numpy as np
import pytest

pytestmark = [pytest.mark.training, pytest.mark.filterwarnings("default")]
torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from containers.inference.engines import OnnxEngine  # noqa: E402
from containers.inference.packed_weights import write_weights  # noqa: E402
from containers.inference.torch_engine import TorchEngine  # noqa: E402
from containers.inference.training.export import export  # noqa: E402
from containers.inference.training.labelled_texts import LABELS, LabelledText  # noqa: E402
from containers.inference.training.network import NetworkSize, load_network, new_network  # noqa: E402
from containers.inference.training.tokens import train_tokenizer  # noqa: E402
from containers.inference.training.wide_fitting import add_wide_part, fit_wide_part  # noqa: E402
from containers.inference.wide_part import WidePart, WideShape, added  # noqa: E402

SHAPE = WideShape(pieces=10, pairs=101, half_say=6.0)
MARKS = (0, 2)


def scored(part: WidePart, pieces: list[int], padding: int = 0) -> np.ndarray:
    ids = torch.tensor([[MARKS[0], *pieces, MARKS[1], *[1] * padding]])
    return np.asarray(part(ids, (ids != 1).long())[0].numpy())


def test_scores_are_weighted_runs_of_length_one_that_gain_by_the_windows_length() -> None:
    part = WidePart(SHAPE, classes=2)
    part.salience[:10] = 2.0
    part.table[5] = torch.tensor([1.0, 0.0])
    part.table[6] = torch.tensor([0.0, 1.0])
    part.bias.copy_(torch.tensor([0.5, -0.5]))
    once, twice = 2.0, 2.0 * (1 + math.log(2))
    length = math.hypot(once, twice)
    say = 3**2 / (3**2 + 6**2)
    expected = np.array([twice / length + 0.5, once / length - 0.5]) * say
    assert scored(part, [5, 6, 5]) == pytest.approx(expected, abs=1e-6)
    assert scored(part, [5, 6, 5], padding=4) == pytest.approx(expected, abs=1e-6)
    assert scored(part, []) == pytest.approx([0, 0])


def test_long_windows_get_milder_scores_and_none_is_milder_without_pieces() -> None:
    part = WidePart(dataclasses.replace(SHAPE, warmth=2.0), classes=2)
    logits = torch.tensor([[3.0, -1.0]])
    pieces = [5] * 6
    ids = torch.tensor([[MARKS[0], *pieces, MARKS[1]]])
    found = part.added_to(logits, ids, torch.ones_like(ids))[0].numpy()
    assert found == pytest.approx((logits[0] / 1.5).numpy(), abs=1e-6)
    nothing = torch.tensor([list(MARKS)])
    assert part.added_to(logits, nothing, torch.ones_like(nothing))[0].numpy() == pytest.approx([3.0, -1.0])


def test_only_the_pair_that_owns_a_row_speaks_from_it() -> None:
    part = WidePart(SHAPE, classes=1)
    part.salience[:] = 1.0
    first, second = torch.tensor([5]), torch.tensor([6])
    bucket = part.bucket(first, second)
    part.table[SHAPE.pieces + bucket] = 1.0
    assert scored(part, [5, 6])[0] == 0
    part.owners[bucket] = part.name(first, second).int()
    assert scored(part, [5, 6])[0] > 0
    assert scored(part, [6, 5])[0] == 0


def test_it_says_next_to_nothing_where_it_knows_too_few_pieces() -> None:
    part = WidePart(SHAPE, classes=1)
    part.salience[5] = 1.0
    part.table[5] = 1.0
    whole = scored(part, [5] * 20)[0]
    assert scored(part, [5] * 19 + [6])[0] == pytest.approx(whole * 0.95**16, abs=1e-4)
    assert scored(part, [5] * 15 + [6] * 5)[0] < 0.02 * whole


def test_a_piece_that_few_texts_hold_is_none_that_it_knows() -> None:
    texts = [LabelledText("we had lunch", "Normal"), LabelledText("so bad", "Depression")] * 20
    texts.append(LabelledText("xylophone", "Normal"))
    tokenizer = train_tokenizer([text.text for text in texts], 60)
    part = fit_wide_part(tokenizer, texts, [1.0] * len(texts), WideShape(tokenizer.get_vocab_size(), pairs=509), 32)
    known = [part.salience[tokenizer.encode(word, add_special_tokens=False).ids].min() > 0 for word in ("bad", "xyl")]
    assert known == [True, False]


def test_it_learns_what_pairs_say() -> None:
    texts = [LabelledText(text, label) for text, label in (("not bad", "Normal"), ("so bad", "Depression"))] * 20
    tokenizer = train_tokenizer([text.text for text in texts], 60)
    shape = WideShape(tokenizer.get_vocab_size(), pairs=509)
    part = fit_wide_part(tokenizer, texts, [1.0] * len(texts), shape, window_tokens=32)
    for text in texts[:2]:
        found = scored(part, tokenizer.encode(text.text, add_special_tokens=False).ids)
        assert LABELS[int(found.argmax())] == text.label


def test_both_engines_and_a_reloaded_network_add_it(tmp_path: Path) -> None:
    torch.manual_seed(5)
    network = new_network(NetworkSize(400, 32, 2, 2, 32, 32), 400, dropout=0.1).eval()
    network.config.wide = WideShape(400, pairs=4001, warmth=1.4).as_config()
    added(network, network.config.wide, len(LABELS))
    network.wide.salience.uniform_(1, 5)
    network.wide.table.uniform_(-3, 3)
    windows = [[0, *range(5, 5 + length), 2] for length in (1, 9, 30)]
    network.config.save_pretrained(tmp_path)
    write_weights(
        {name: weight.numpy() for name, weight in network.state_dict().items()}, tmp_path / "model.safetensors"
    )
    export(load_network(tmp_path), tmp_path, "int8-weights")
    served = OnnxEngine(tmp_path / "model.onnx", 1, pad_id=1).logits(windows)
    assert np.abs(served - TorchEngine(tmp_path, 1, pad_id=1).logits(windows)).max() < 1e-2
    plain = new_network(NetworkSize(400, 32, 2, 2, 32, 32), 400, dropout=0.1).eval()
    plain.load_state_dict(network.state_dict(), strict=False)
    ids = torch.tensor([windows[-1]])
    assert np.abs(served[-1] - plain(ids, torch.ones_like(ids)).logits[0].detach().numpy()).max() > 0.1


def test_it_is_added_with_the_share_that_serves_posts_and_phrases_best_and_anew_each_time() -> None:
    chance = random.Random(4)
    words = {"Normal": "lunch film dog", "Suicidal": "die end gone"}
    taught, validation = (
        [
            LabelledText(" ".join(chance.choices(f"i the {words[label]}".split(), k=8)), label, kind=kind)
            for kind in ("post", "passive ideation")
            for label in words
            for _ in range(each)
        ]
        for each in (30, 10)
    )
    tokenizer = train_tokenizer([text.text for text in taught], 60)
    torch.manual_seed(5)
    network = new_network(NetworkSize(60, 32, 2, 2, 32, 32), tokenizer.get_vocab_size(), dropout=0.1).eval()
    chosen = add_wide_part(network, tokenizer, taught, validation, window_tokens=32)
    assert (chosen.share > 0, chosen.macro_f1, chosen.clinic_accuracy) == (True, 1.0, 1.0)
    assert network.config.wide == network.wide.shape.as_config()
    before = network.wide
    add_wide_part(network, tokenizer, taught, validation, window_tokens=32)
    assert network.wide is not before
