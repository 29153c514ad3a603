"""The Unigram tokenizer that the small model is trained with."""

import math
from collections import Counter
from collections.abc import Sequence

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers

START, PAD, END, UNKNOWN = "<s>", "<pad>", "</s>", "<unk>"
START_ID, PAD_ID, END_ID, UNKNOWN_ID = range(4)
"""As XLM-RoBERTa numbers them."""
_RARE = 15


def train_tokenizer(texts: Sequence[str], vocabulary: int) -> Tokenizer:
    """A Unigram tokenizer of at most `vocabulary` pieces over normalised texts; letters seen seldom become unknown."""
    letters = Counter(letter for text in texts for letter in text)
    rare = {ord(letter): None for letter, count in letters.items() if count < _RARE}
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    trainer = trainers.UnigramTrainer(
        vocab_size=vocabulary, special_tokens=[START, PAD, END, UNKNOWN], unk_token=UNKNOWN, show_progress=False
    )
    spelled = [text.translate(rare) for text in texts]
    tokenizer.train_from_iterator(spelled, trainer)
    tokenizer.model = _settled(tokenizer, spelled)
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{START} $A {END}", special_tokens=[(START, START_ID), (END, END_ID)]
    )
    return tokenizer


def _settled(trained: Tokenizer, texts: Sequence[str]) -> models.Unigram:
    """The trained pieces in alphabetical order, scored anew by how often they are used.

    The trainer's own order and scores differ a little from run to run, and with them every figure of the model.
    """
    used = Counter(piece for found in trained.encode_batch(texts, add_special_tokens=False) for piece in found.tokens)
    special = (START, PAD, END, UNKNOWN)
    pieces = sorted(set(trained.get_vocab()) - set(special))
    total = used.total() + len(pieces)
    scored = [(piece, round(math.log((used[piece] + 1) / total), 4)) for piece in pieces]
    return models.Unigram([*((mark, 0.0) for mark in special), *scored], unk_id=UNKNOWN_ID)
