"""compose.yaml: its notes name settings that `make dev` obeys, and nothing in it is open or floating."""

import re
from typing import Any

import pytest
import yaml

from dev.environment import PROJECT, ROOT, TOPIC, is_on_this_machine
from dev.parts import REPLACED_BY

TEXT = (ROOT / "compose.yaml").read_text()
SERVICES: dict[str, Any] = yaml.safe_load(TEXT)["services"]
SETTINGS = dict(re.findall(r"^#   ([A-Z_]+)=(\S+)$", TEXT, re.MULTILINE))
WITHOUT_AN_IMAGE = {"INFERENCE_URL", "GOOGLE_ISSUER", "ZOOM_SIGN_IN_URL", "STORAGE_URL", "CLOUD_RUN_URL"}
"""The model and Cloud Run's jobs are ours, the sign-in providers have none, and the emulators of Cloud Storage look at
no signature: their doubles stay, or their own services are named."""


def test_each_setting_in_the_notes_replaces_a_part() -> None:
    assert set(SETTINGS) - {"UPSTASH_REDIS_REST_TOKEN"} == set(REPLACED_BY.values()) - WITHOUT_AN_IMAGE
    assert SETTINGS["UPSTASH_REDIS_REST_TOKEN"] == SERVICES["upstash"]["environment"]["SRH_TOKEN"]


def test_each_setting_names_a_published_port() -> None:
    published = {port.split(":")[1] for service in SERVICES.values() for port in service["ports"]}
    for name in set(SETTINGS) - {"UPSTASH_REDIS_REST_TOKEN"}:
        found = re.search(r"localhost:(\d+)", SETTINGS[name])
        assert found, name
        assert found.group(1) in published, name


def test_the_database_is_one_that_make_dev_may_migrate() -> None:
    assert is_on_this_machine(SETTINGS["DATABASE_URL"])
    assert SERVICES["cockroachdb"]["environment"]["COCKROACH_DATABASE"] == "bloom"


@pytest.mark.parametrize("name", SERVICES)
def test_images_are_pinned_and_ports_are_the_loopbacks(name: str) -> None:
    assert re.search(r":v?\d+\.\d+\.\d+(-\w+)?$", SERVICES[name]["image"])
    assert all(port.startswith("127.0.0.1:") for port in SERVICES[name]["ports"])


def test_the_emulators_topic_is_ours() -> None:
    assert f"/projects/{PROJECT}/topics/{TOPIC}" in " ".join(SERVICES["pubsub"]["healthcheck"]["test"])
