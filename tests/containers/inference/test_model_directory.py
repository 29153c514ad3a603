"""Where a model may lie, and why one is refused."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import fsspec
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key

from containers.inference.classifier import load
from containers.inference.model_directory import MANIFEST, ModelUnusable, digest, files_read_by, read_manifest
from containers.inference.settings import Settings, read_settings
from containers.inference.training.model_store import FileAltered, brought, kept
from dev.storage import StorageDouble, serve, store_in

SHIPPED = Path(Settings().model_path)
SERVED_FILES = files_read_by("onnx", read_manifest(SHIPPED))


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return Path(shutil.copytree(SHIPPED, tmp_path / "model"))


def rewrite(directory: Path, name: str, **changes: object) -> None:
    """Changes members of a JSON file and makes the manifest agree."""
    described = json.loads((directory / name).read_text()) | changes
    (directory / name).write_text(json.dumps(described))
    manifest = json.loads((directory / MANIFEST).read_text())
    manifest["sha256"][name] = digest(directory / name)
    (directory / MANIFEST).write_text(json.dumps(manifest))


def test_a_directory_is_served_from_wherever_it_is_copied(copy: Path) -> None:
    assert load(str(copy), 1).predict("See you on Friday").label == "Normal"


def test_a_bucket_url_is_fetched_and_served() -> None:
    bucket = fsspec.filesystem("memory")
    for name in (MANIFEST, *SERVED_FILES):
        bucket.pipe_file(f"/models/v1/{name}", (SHIPPED / name).read_bytes())
    assert load("memory://models/v1", 1).description.version == load(str(SHIPPED), 1).description.version


# Of gcsfs itself, which uploads what is small in one piece.
IN_CLOUD_STORAGE = pytest.mark.filterwarnings("ignore:Sending a large body:ResourceWarning")


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The URL of a folder in a bucket of the Cloud Storage emulator, for gcsfs, the client that serving uses."""
    store = store_in(tmp_path / "storage", "models")
    server = serve(StorageDouble(store, generate_private_key(65_537, 2048).public_key(), "http://nobody"), port=0)
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setitem(fsspec.config.conf, "gs", {"token": "anon", "skip_instance_cache": True})
    read_settings({})  # says before gcsfs is imported that nobody shall probe the bucket
    yield "gs://models/v7"
    server.shutdown()
    server.server_close()


@IN_CLOUD_STORAGE
def test_a_model_in_cloud_storage_is_kept_and_served_through_the_real_client(models: str) -> None:
    kept(SHIPPED, models)
    assert load(models, 1, digest(SHIPPED / MANIFEST)).predict("See you on Friday").label == "Normal"


@IN_CLOUD_STORAGE
def test_what_training_brings_here_from_cloud_storage_also_serves(models: str, tmp_path: Path) -> None:
    kept(SHIPPED, models)
    here = brought(models, tmp_path / "base")
    assert {path.name for path in here.iterdir()} == {MANIFEST, *SERVED_FILES}
    assert load(str(here), 1).predict("See you on Friday").label == "Normal"


@IN_CLOUD_STORAGE
def test_an_altered_byte_in_cloud_storage_is_refused_by_name(models: str, copy: Path) -> None:
    weights = bytearray((copy / "model.safetensors").read_bytes())
    weights[len(weights) // 2] ^= 1
    (copy / "model.safetensors").write_bytes(weights)
    kept(copy, models)
    with pytest.raises(ModelUnusable, match=r"model\.safetensors does not match its checksum"):
        load(models, 1)


@IN_CLOUD_STORAGE
def test_a_file_missing_in_cloud_storage_is_refused_by_name_in_one_line(models: str, copy: Path) -> None:
    (copy / "tokenizer.json").unlink()
    kept(copy, models)
    with pytest.raises(ModelUnusable, match=r"gs://models/v7: .*tokenizer\.json") as raised:
        load(models, 1)
    assert "\n" not in str(raised.value)


def test_training_goes_on_only_from_the_files_that_the_manifest_names(copy: Path, tmp_path: Path) -> None:
    """Its weights too where serving reads others, as of a model whose runs are of eight bits."""
    manifest = read_manifest(copy)
    (copy / MANIFEST).write_text(json.dumps(manifest | {"numbersOfOnnx": []}))
    pinned = f"#sha256={digest(copy / MANIFEST)}"
    bucket = fsspec.filesystem("memory")
    bucket.put(str(copy), "/pinned/v1", recursive=True)
    assert brought(f"{copy}{pinned}", tmp_path) == copy
    assert load(str(brought(f"memory://pinned/v1{pinned}", tmp_path / "here")), 1)
    with pytest.raises(FileAltered, match="is not the one that is named for it"):
        brought(f"memory://pinned/v1#sha256={'0' * 64}", tmp_path / "other")
    for number, name in enumerate(("model.safetensors", "tokenizer.json")):
        bucket.pipe_file(f"/pinned/v1/{name}", (copy / name).read_bytes() + b" ")
        with pytest.raises(FileAltered, match=f"^{name}"):
            brought("memory://pinned/v1", tmp_path / str(number))
        bucket.pipe_file(f"/pinned/v1/{name}", (copy / name).read_bytes())
    (copy / "model.safetensors").write_bytes(b"others")
    with pytest.raises(FileAltered, match=r"model\.safetensors"):
        brought(str(copy), tmp_path)
    (copy / MANIFEST).unlink()
    assert brought(str(copy), tmp_path) == copy  # as others publish a checkpoint: nothing to hold it against
    with pytest.raises(FileAltered):
        brought(f"{copy}{pinned}", tmp_path)


@pytest.mark.parametrize("name", SERVED_FILES)
def test_an_altered_file_is_refused_by_name(copy: Path, name: str) -> None:
    with (copy / name).open("ab") as file:
        file.write(b" ")
    with pytest.raises(ModelUnusable, match=name) as raised:
        load(str(copy), 1)
    assert "\n" not in str(raised.value)


def test_a_manifest_other_than_the_pinned_one_is_refused(copy: Path) -> None:
    assert load(str(copy), 1, digest(copy / MANIFEST))
    with pytest.raises(ModelUnusable, match="MODEL_MANIFEST_SHA256"):
        load(str(copy), 1, "0" * 64)


@pytest.mark.parametrize("location", ["/nowhere", "memory://nowhere/model", "unknown://bucket/model"])
def test_a_place_without_a_model_is_refused_in_one_line(location: str) -> None:
    with pytest.raises(ModelUnusable, match=r"nowhere|unknown") as raised:
        load(location, 1)
    assert "\n" not in str(raised.value)


def test_a_model_made_for_another_normalisation_is_refused(copy: Path) -> None:
    rewrite(copy, "bloom.json", normalisation=99)
    with pytest.raises(ModelUnusable, match="normalisation 99"):
        load(str(copy), 1)


def test_a_tokenizer_that_came_with_truncation_leaves_nothing_of_a_text_out(copy: Path) -> None:
    cut = json.loads((copy / "tokenizer.json").read_text())
    cut["truncation"] = {"direction": "Right", "max_length": 8, "strategy": "LongestFirst", "stride": 0}
    cut["padding"] = None
    rewrite(copy, "tokenizer.json", **cut)
    text = "I slept and ate and walked and talked to my sister about nothing in particular"
    assert load(str(copy), 1).windows(text) == load(str(SHIPPED), 1).windows(text)


def test_a_model_that_reads_texts_as_written_gets_them_so(copy: Path) -> None:
    rewrite(copy, "bloom.json", normalisation=0, selfTest=[])
    as_written, normalised = load(str(copy), 1), load(str(SHIPPED), 1)
    assert as_written.windows("I CAN'T!") != normalised.windows("I CAN'T!")
    assert as_written.windows("i cant") == normalised.windows("I CAN'T!")


def test_a_model_that_fails_its_self_test_is_refused_without_the_sentence(copy: Path) -> None:
    rewrite(copy, "bloom.json", selfTest=[{"text": "See you on Friday", "label": "Bipolar"}])
    with pytest.raises(ModelUnusable, match="self-test sentence 1 is Normal, expected Bipolar"):
        load(str(copy), 1)


def test_one_file_holds_the_numbers_of_both_engines() -> None:
    assert read_manifest(SHIPPED)["numbersOfOnnx"] == ["model.safetensors"]
    assert (SHIPPED / "model.onnx").stat().st_size < 0.05 * (SHIPPED / "model.safetensors").stat().st_size


def test_a_manifest_that_does_not_say_where_the_numbers_lie_is_refused(copy: Path) -> None:
    (copy / MANIFEST).write_text(json.dumps({"sha256": read_manifest(copy)["sha256"]}))
    with pytest.raises(ModelUnusable, match="numbersOfOnnx"):
        load(str(copy), 1)


def test_the_manifest_covers_every_shipped_file_and_all_of_it_stays_small() -> None:
    manifest = json.loads((SHIPPED / MANIFEST).read_text())["sha256"]
    files = [path for path in SHIPPED.iterdir() if path.name != MANIFEST]
    assert {path.name for path in files} == set(manifest)
    assert all(digest(path) == manifest[path.name] for path in files)
    assert sum(path.stat().st_size for path in files) < 20_000_000
