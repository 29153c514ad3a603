"""`python -m benchmarks.inference_model FOLDER`: xlm-roberta-base in full size with random weights, for all to serve.

`FOLDER/model` is what `convert` makes of its checkpoint, and what transformers reads; `FOLDER/float32.onnx` is the same
network as ONNX Runtime gets it from an export without more.
"""

import json
import sys
from pathlib import Path

import torch
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import XLMRobertaConfig, XLMRobertaForSequenceClassification

from benchmarks.inference_messages import PIECES, words
from containers.inference.training.conversion import Conversion, convert
from containers.inference.training.export import export_onnx

MARKS = ("<s>", "<pad>", "</s>", "<unk>")


def main(folder: Path) -> None:
    """Write everything."""
    checkpoint, tokenizer, network = folder / "best_model.pt", folder / "tokenizer.json", _random_network()
    torch.save(network.state_dict(), checkpoint)
    export_onnx(network, folder / "float32.onnx", "float32")
    del network
    _tokenizer().save(str(tokenizer), pretty=False)
    convert(Conversion(checkpoint, tokenizer, folder / "model"))
    settings = {"tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": 512}
    marks = {"bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>", "unk_token": "<unk>"}
    (folder / "model" / "tokenizer_config.json").write_text(json.dumps(settings | marks))
    checkpoint.unlink()


def _random_network() -> XLMRobertaForSequenceClassification:
    torch.manual_seed(1)
    network = XLMRobertaForSequenceClassification(
        XLMRobertaConfig(
            vocab_size=PIECES,
            hidden_size=768,
            num_hidden_layers=12,
            num_attention_heads=12,
            intermediate_size=3072,
            max_position_embeddings=514,
            type_vocab_size=1,
            num_labels=7,
        )
    )
    torch.nn.init.normal_(network.classifier.out_proj.weight, std=0.5)  # decided enough to pass a self-test
    return network


def _tokenizer() -> Tokenizer:
    pieces = [(mark, 0.0) for mark in MARKS] + [(f"▁{word}", -10.0) for word in words()]
    tokenizer = Tokenizer(models.Unigram(pieces, unk_id=MARKS.index("<unk>")))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    return tokenizer


if __name__ == "__main__":
    main(Path(sys.argv[1]))
