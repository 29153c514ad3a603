"""A model directory, local or in Cloud Storage: fetched, checked against its manifest, and read."""

import hashlib
import json
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from containers.inference.normalisation import NORMALISATION_VERSION

EngineName = Literal["onnx", "torch"]
"""`onnx`: ONNX Runtime on the processor. `torch`: on a GPU where there is one, see `torch_engine.py`."""
MANIFEST = "manifest.json"
WEIGHTS: Mapping[EngineName, str] = {"onnx": "model.onnx", "torch": "model.safetensors"}
"""Which file of a directory each engine opens; where numbers of `model.onnx` lie in another file, the manifest says."""
DESCRIPTIONS = ("config.json", "tokenizer.json", "bloom.json")
AS_WRITTEN = 0
"""In `bloom.json` in the place of a normalisation: the model reads texts as they were written."""


class ModelUnusable(Exception):
    """The model directory is missing, altered or made for another version; the message is one line for an operator."""


@dataclass(frozen=True)
class ModelDescription:
    """What `config.json` and `bloom.json` say about a model."""

    version: str
    labels: tuple[str, ...]
    """In the order of the network's outputs, from `id2label`."""
    pad_id: int
    start_id: int
    end_id: int
    window_tokens: int
    """Tokens one window holds, start and end marks included."""
    window_overlap: int
    temperature: float
    """Logits are divided by it before softmax."""
    thresholds: Mapping[str, Mapping[str, float]]
    """Per risk class the probabilities from which a message is `raised` and `high`."""
    self_test: tuple[tuple[str, str], ...]
    """Sentences and the label each must get before the model may serve."""
    metrics: Mapping[str, Any]
    """Summary of the model card's figures."""
    as_written: bool = False
    """Whether texts reach the tokenizer as they were written; else normalised, as in training."""

    @property
    def thresholds_version(self) -> str:
        """Which thresholds these are, as `bloom.json` names them too."""
        return thresholds_version(self.thresholds, self.temperature)


def thresholds_version(thresholds: Mapping[str, Any], temperature: float) -> str:
    """A name for exactly these thresholds under this temperature: either may change while the network stays."""
    content = json.dumps([thresholds, temperature], sort_keys=True)
    return f"t-{hashlib.sha256(content.encode()).hexdigest()[:12]}"


@contextmanager
def fetched(location: str, manifest_sha256: str = "", engine: EngineName = "onnx") -> Iterator[Path]:
    """The local directory of a model whose files all match their manifest; a downloaded one is gone afterwards.

    Only what the engine reads is downloaded and checked.

    `location` is a path or a URL that fsspec knows (`gs://bucket/models/v7`). `manifest_sha256`, when given, pins the
    manifest itself. Raises ModelUnusable.
    """
    if "://" not in location:
        _verify(Path(location), engine, location, manifest_sha256)
        yield Path(location)
        return
    # Where there is no disk, as on Cloud Run, the download would take memory for as long as it stays.
    with tempfile.TemporaryDirectory(prefix="bloom-model-") as folder:
        _download(location, engine, Path(folder))
        _verify(Path(folder), engine, location, manifest_sha256)
        yield Path(folder)


def describe(directory: Path) -> ModelDescription:
    """What the directory's two descriptions say together; raises ModelUnusable when they make no servable model."""
    try:
        config = json.loads((directory / "config.json").read_bytes())
        bloom = json.loads((directory / "bloom.json").read_bytes())
        if bloom["normalisation"] not in (NORMALISATION_VERSION, AS_WRITTEN):
            raise ModelUnusable(
                f"{directory}: made for normalisation {bloom['normalisation']}, this is {NORMALISATION_VERSION}"
            )
        return ModelDescription(
            version=bloom["version"],
            labels=tuple(config["id2label"][str(index)] for index in range(len(config["id2label"]))),
            pad_id=config["pad_token_id"],
            start_id=config["bos_token_id"],
            end_id=config["eos_token_id"],
            window_tokens=bloom["window"]["tokens"],
            window_overlap=bloom["window"]["overlap"],
            temperature=bloom["temperature"],
            thresholds=bloom["thresholds"],
            self_test=tuple((case["text"], case["label"]) for case in bloom["selfTest"]),
            metrics=bloom["metrics"],
            as_written=bloom["normalisation"] == AS_WRITTEN,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ModelUnusable(f"{directory}: config.json or bloom.json lacks or garbles {error}") from error


def read_manifest(directory: Path) -> dict[str, Any]:
    """`sha256`: checksums by file name; `numbersOfOnnx`: the files in which numbers of `model.onnx` lie."""
    manifest: dict[str, Any] = json.loads((directory / MANIFEST).read_bytes())
    return manifest


def files_read_by(engine: EngineName, manifest: Mapping[str, Any]) -> list[str]:
    """The files of a directory with this manifest that serving with the engine needs."""
    beside = manifest["numbersOfOnnx"] if engine == "onnx" else []
    return [WEIGHTS[engine], *beside, *DESCRIPTIONS]


def digest(path: Path) -> str:
    """The file's SHA-256 in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _download(url: str, engine: EngineName, directory: Path) -> None:
    import fsspec

    try:
        files, root = fsspec.core.url_to_fs(url)
        files.get_file(f"{root}/{MANIFEST}", str(directory / MANIFEST))
        for name in files_read_by(engine, read_manifest(directory)):
            files.get_file(f"{root}/{name}", str(directory / name))
    except Exception as error:
        raise ModelUnusable(f"{url}: {_one_line(error)}") from error


def _verify(directory: Path, engine: EngineName, location: str, manifest_sha256: str) -> None:
    try:
        if manifest_sha256 and digest(directory / MANIFEST) != manifest_sha256.lower():
            raise ModelUnusable(f"{location}: {MANIFEST} is not the one that MODEL_MANIFEST_SHA256 names")
        manifest = read_manifest(directory)
        for name in files_read_by(engine, manifest):
            if digest(directory / name) != manifest["sha256"][name]:
                raise ModelUnusable(f"{location}: {name} does not match its checksum in {MANIFEST}")
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise ModelUnusable(f"{location}: not a model directory: {_one_line(error)}") from error


def _one_line(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())}"
