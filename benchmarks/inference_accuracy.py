"""`python -m benchmarks.inference_accuracy POSTS.csv.gz`: what quantisation costs the shipped model."""

import json
import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np
import numpy.typing as npt

from containers.inference.classifier import Classifier, load
from containers.inference.engines import OnnxEngine
from containers.inference.settings import Settings
from containers.inference.torch_network import read_network
from containers.inference.training.export import export_onnx
from containers.inference.training.labelled_texts import LABELS, LabelledText, in_split, read_posts

SHIPPED = Path(Settings().model_path)


def main(posts: Path) -> None:
    """Print, as JSON, rows and macro-F1 by precision; the rows are those of the file's own test split."""
    texts = in_split(read_posts(posts), "test")
    found = {"float32": load(str(SHIPPED), 1, engine="torch"), "as shipped": load(str(SHIPPED), 1), "int8": _int8()}
    labels = {name: [classifier.predict(text.text).label for text in texts] for name, classifier in found.items()}
    figures = {
        name: {
            "macroF1": _macro_f1(texts, given),
            "changed": float((np.array(given) != np.array(labels["float32"])).mean()),
        }
        for name, given in labels.items()
    }
    print(json.dumps({"rows": len(texts), "figures": figures}))


def _int8() -> Classifier:
    """The shipped network in the precision that a large one is served in."""
    shipped = load(str(SHIPPED), 1)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(shutil.copytree(SHIPPED, Path(folder) / "model")) / "model.onnx"
        export_onnx(read_network(SHIPPED), path, "int8")
        return shipped.over(OnnxEngine(path, 1, shipped.description.pad_id))


def _macro_f1(texts: list[LabelledText], given: list[str]) -> float:
    wanted, found = np.array([text.label for text in texts]), np.array(given)
    return float(np.mean([_f1(wanted == label, found == label) for label in LABELS if (wanted == label).any()]))


def _f1(wanted: npt.NDArray[np.bool_], found: npt.NDArray[np.bool_]) -> float:
    return 2 * float((wanted & found).sum()) / max(1, int(wanted.sum() + found.sum()))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
