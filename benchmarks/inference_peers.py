"""The peers of `make bench-inference`, as a team would write them first: FastAPI over one model, one text a request."""

import os
from pathlib import Path

import fastapi
import numpy as np
import pydantic

FOLDER = Path(os.environ["BENCH_FOLDER"])


class Text(pydantic.BaseModel):
    """What is to be classified."""

    text: str


def transformers_pipeline() -> fastapi.FastAPI:
    """transformers' text-classification pipeline in float32, cutting what passes 512 tokens."""
    import torch
    from transformers import logging, pipeline

    logging.disable_progress_bar()
    folder = str(FOLDER / "model")
    classify = pipeline("text-classification", model=folder, tokenizer=folder, dtype=torch.float32, top_k=None)
    app = fastapi.FastAPI()

    @app.post("/predict")  # type: ignore[untyped-decorator]  # FastAPI is not installed where types are checked
    def predict(body: Text) -> dict[str, object]:
        [found] = classify([body.text], truncation=True, max_length=512)
        return {"label": found[0]["label"], "scores": {one["label"]: one["score"] for one in found}}

    return app


def onnx_runtime() -> fastapi.FastAPI:
    """ONNX Runtime over the network as it was exported, in float32, cutting likewise."""
    import onnxruntime
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(FOLDER / "model" / "tokenizer.json"))
    tokenizer.enable_truncation(512)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = len(os.sched_getaffinity(0))
    session = onnxruntime.InferenceSession(str(FOLDER / "float32.onnx"), options, providers=["CPUExecutionProvider"])
    app = fastapi.FastAPI()

    @app.post("/predict")  # type: ignore[untyped-decorator]  # FastAPI is not installed where types are checked
    def predict(body: Text) -> dict[str, object]:
        ids = np.array([tokenizer.encode(body.text).ids])
        (logits,) = session.run(None, {"input_ids": ids, "attention_mask": np.ones_like(ids)})
        scores = np.exp(logits[0]) / np.exp(logits[0]).sum()
        return {"label": int(scores.argmax()), "scores": scores.tolist()}

    return app
