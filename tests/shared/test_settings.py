"""Settings are typed, secrets come by reference, and what is wrong is named without being shown."""

import base64
from types import SimpleNamespace

import pytest
from google.cloud import secretmanager

from shared.settings import Settings, SettingsError, load
from tests.environment import REQUIRED

GIVEN = {name.upper(): value for name, value in REQUIRED.items()}
REFERENCE = "gcp-secret://projects/p/secrets/redis-token/versions/3"
SHORT_KEY = base64.b64encode(bytes(16)).decode()


def test_what_is_given_counts_and_the_rest_has_its_default() -> None:
    loaded = load(GIVEN | {"BCRYPT_COST": "5", "UNKNOWN": "ignored"})
    assert (loaded.bcrypt_cost, loaded.inference_timeout_ms) == (5, 800)


@pytest.mark.parametrize("name", sorted(field for field, what in Settings.model_fields.items() if what.is_required()))
def test_a_missing_setting_is_named(name: str) -> None:
    environment = {given: value for given, value in GIVEN.items() if given != name.upper()}
    with pytest.raises(SettingsError, match=f"^{name.upper()}: "):
        load(environment)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BASE_URL", "https://bloomhealth.us/"),
        ("BASE_URL", "bloomhealth.us"),
        ("DATABASE_URL", "mysql://root:hunter2@localhost/bloom"),
        ("BCRYPT_COST", "3"),
        ("BCRYPT_COST", "twelve"),
        ("LIMITS", "sign-in=0/60"),
        ("LIMITS", "sign-in"),
        ("MESSAGE_KEYS", "hunter2"),
        ("MESSAGE_KEYS", f"m1:{SHORT_KEY}"),
        ("MESSAGE_KEYS", f":{SHORT_KEY}{SHORT_KEY}"),
        ("LOG_LEVEL", "LOUD"),
        ("PORT", "65536"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318/"),
        ("OTEL_TRACES_SAMPLER_ARG", "1.1"),
        ("TRACES_EXPORT_SECONDS", "0"),
        ("STORAGE_URL", "s3://bucket"),
        ("STORAGE_URL", "gs://bucket/folder"),
        ("FILE_MIB_A_DAY", "24"),
    ],
)
def test_a_malformed_setting_is_named_and_not_shown(name: str, value: str) -> None:
    with pytest.raises(SettingsError) as raised:
        load(GIVEN | {name: value})
    assert str(raised.value).startswith(f"{name}: ")
    assert value not in str(raised.value)


def test_all_that_is_wrong_is_named_at_once() -> None:
    with pytest.raises(SettingsError) as raised:
        load({"BCRYPT_COST": "twelve"})
    named = {fault.partition(":")[0] for fault in str(raised.value).split("; ")}
    assert {"BCRYPT_COST", "BASE_URL", "DATABASE_URL"} <= named


class SecretManager:
    """Google's service as its client shows it: one secret, and no others."""

    def access_secret_version(self, name: str) -> SimpleNamespace:
        if name != REFERENCE.removeprefix("gcp-secret://"):
            raise PermissionError("hunter2")
        return SimpleNamespace(payload=SimpleNamespace(data=b"from the manager"))


def test_a_reference_is_fetched_from_secret_manager(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secretmanager, "SecretManagerServiceClient", SecretManager)
    assert load(GIVEN | {"UPSTASH_REDIS_REST_TOKEN": REFERENCE}).upstash_redis_rest_token == "from the manager"


def test_a_secret_that_is_not_given_stops_the_start_by_its_settings_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secretmanager, "SecretManagerServiceClient", SecretManager)
    with pytest.raises(SettingsError, match=r"^UPSTASH_REDIS_REST_TOKEN: .*PermissionError") as raised:
        load(GIVEN | {"UPSTASH_REDIS_REST_TOKEN": f"{REFERENCE}0"})
    assert "hunter2" not in str(raised.value)
