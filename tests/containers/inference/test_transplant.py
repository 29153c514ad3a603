"""A published encoder taken over: it says what it said, in this project's pieces."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytestmark = [pytest.mark.training, pytest.mark.filterwarnings("default")]
torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from safetensors.torch import save_file  # noqa: E402
from tokenizers import Tokenizer, models, pre_tokenizers  # noqa: E402

from containers.inference.training.network import NetworkSize  # noqa: E402
from containers.inference.training.tokens import END, PAD, START, UNKNOWN  # noqa: E402
from containers.inference.training.transplant import Encoder, EncoderRefused, read_encoder, transplanted  # noqa: E402

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "i", "do", "don", "'", "t", "want", "to", "go", "here", "##ing"]
SIZE = NetworkSize(vocabulary=60, hidden=32, layers=2, heads=2, inner=48, window_tokens=16)


@pytest.fixture(scope="module")
def bert() -> Any:
    torch.manual_seed(3)
    config = transformers.BertConfig(
        vocab_size=len(WORDS),
        hidden_size=32,
        num_hidden_layers=3,
        num_attention_heads=2,
        intermediate_size=48,
        max_position_embeddings=20,
    )
    return transformers.BertModel(config).eval()


@pytest.fixture(scope="module")
def encoder(bert: Any, tmp_path_factory: pytest.TempPathFactory) -> Encoder:
    folder = tmp_path_factory.mktemp("encoder")
    known = Tokenizer(models.WordPiece({word: place for place, word in enumerate(WORDS)}, unk_token="[UNK]"))
    known.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    known.enable_padding(length=12)  # as published ones come, which must not flow into a piece's meaning
    known.save(str(folder / "tokenizer.json"))
    state = {f"model.{name}": weight.contiguous() for name, weight in bert.state_dict().items()}
    save_file(state, str(folder / "model.safetensors"))
    return read_encoder(folder / "model.safetensors", folder / "tokenizer.json")


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    """As `train_tokenizer` makes them, of whole words."""
    words = ["▁i", "▁want", "▁to", "▁go", "▁here", "▁dont", "ing"]
    pieces = [(piece, 0.0) for piece in (START, PAD, END, UNKNOWN)] + [(word, -2.0) for word in words]
    made = Tokenizer(models.Unigram(pieces, unk_id=3))
    made.pre_tokenizer = pre_tokenizers.Metaspace()
    return made


def test_a_text_of_known_words_means_what_it_meant(bert: Any, encoder: Encoder, tokenizer: Tokenizer) -> None:
    network = transplanted(encoder, tokenizer, SIZE, dropout=0.1).eval()
    ours = tokenizer.encode("i want to go here")
    theirs = torch.tensor([[2, *(WORDS.index(token.removeprefix("▁")) for token in ours.tokens), 3]])
    found = network.roberta(torch.tensor([[0, *ours.ids, 2]])).last_hidden_state
    expected = bert(theirs, output_hidden_states=True).hidden_states[SIZE.layers]
    assert torch.allclose(found, expected, atol=1e-5)


def test_a_shortened_word_starts_from_its_long_form(encoder: Encoder, tokenizer: Tokenizer) -> None:
    network = transplanted(encoder, tokenizer, SIZE, dropout=0.1)
    words = encoder.weights["embeddings.word_embeddings.weight"]
    expected = words[[WORDS.index("don"), WORDS.index("'"), WORDS.index("t")]].mean(axis=0)
    found = network.roberta.embeddings.word_embeddings.weight[tokenizer.token_to_id("▁dont")]
    assert np.allclose(found.detach().numpy(), expected, atol=1e-6)


def test_what_is_no_encoder_is_refused(tmp_path: Path, encoder: Encoder, tokenizer: Tokenizer) -> None:
    save_file({"something": torch.zeros(2)}, str(tmp_path / "model.safetensors"))
    with pytest.raises(EncoderRefused, match="no BERT encoder"):
        read_encoder(tmp_path / "model.safetensors", tmp_path / "tokenizer.json")
    with pytest.raises(EncoderRefused, match="wanted"):
        transplanted(encoder, tokenizer, NetworkSize(60, 16, 2, 2, 48, 16), dropout=0.1)
    with pytest.raises(EncoderRefused, match="lacks"):
        transplanted(encoder, tokenizer, NetworkSize(60, 32, 4, 2, 48, 16), dropout=0.1)
