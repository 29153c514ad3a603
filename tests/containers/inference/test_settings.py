"""A setting is read or named in one line."""

from pathlib import Path

import pytest

from containers.inference.settings import SettingMalformed, Settings, read_settings


def test_without_an_environment_the_shipped_model_is_served_on_port_3010() -> None:
    settings = read_settings({})
    assert settings == Settings()
    assert (settings.host, settings.port, settings.inference_threads) == ("127.0.0.1", 3010, 1)
    assert settings.model_path.endswith("containers/inference/model")


def test_the_environment_names_each_setting_in_capitals() -> None:
    settings = read_settings({"PORT": "8080", "MODEL_PATH": "gs://models/v2", "MAX_QUEUE": "64", "HOST": "0.0.0.0"})
    assert (settings.port, settings.model_path, settings.max_queue, settings.host) == (
        8080,
        "gs://models/v2",
        64,
        "0.0.0.0",
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "http"),
        ("PORT", "70000"),
        ("PORT", "-1"),
        ("INFERENCE_THREADS", "0"),
        ("MAX_QUEUE", "1.5"),
        ("MAX_QUEUE", "4"),
        ("RUN_MS", "0"),
        ("INFERENCE_CALLERS", "messages@bloom.iam.gserviceaccount.com"),
        ("INFERENCE_CALLERS", ","),
        ("INFERENCE_AUDIENCE", "https://inference.example.org"),
    ],
)
def test_a_malformed_one_is_named(name: str, value: str) -> None:
    with pytest.raises(SettingMalformed, match=name) as raised:
        read_settings({name: value})
    assert "\n" not in str(raised.value)


def test_callers_are_named_by_comma_and_only_with_whom_their_tokens_are_for() -> None:
    given = {"INFERENCE_CALLERS": "a@b.iam.gserviceaccount.com, c@d.iam.gserviceaccount.com,"}
    settings = read_settings(given | {"INFERENCE_AUDIENCE": "https://inference.example.org"})
    assert settings.callers == ("a@b.iam.gserviceaccount.com", "c@d.iam.gserviceaccount.com")
    with pytest.raises(SettingMalformed, match="INFERENCE_CALLERS"):
        read_settings({"INFERENCE_CALLERS": " , ", "INFERENCE_AUDIENCE": "https://inference.example.org"})
    assert read_settings({"BATCH_WAIT_MS": "0"}).batch_wait_ms == 0


def test_every_setting_is_in_the_readme() -> None:
    readme = (Path(Settings().model_path).parent / "README.md").read_text()
    assert [name for name in Settings.__dataclass_fields__ if f"`{name.upper()}`" not in readme] == []
