"""compose.yaml: its notes name settings that `make dev` obeys, and nothing in it is open or floating."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from dev.environment import PROJECT, ROOT, TOPIC, is_on_this_machine
from dev.parts import FUNCTIONS, RELAYS, REPLACED_BY
from dev.ports import PORTS

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
    published = {port.split(":")[1] for service in SERVICES.values() for port in service.get("ports", ())}
    for name in set(SETTINGS) - {"UPSTASH_REDIS_REST_TOKEN"}:
        found = re.search(r"localhost:(\d+)", SETTINGS[name])
        assert found, name
        assert found.group(1) in published, name


def test_the_database_is_one_that_make_dev_may_migrate() -> None:
    assert is_on_this_machine(SETTINGS["DATABASE_URL"])
    assert SERVICES["cockroachdb"]["environment"]["COCKROACH_DATABASE"] == "bloom"


def listens_on_the_loopback(name: str) -> bool:
    """Whether a service that shares the machine's network is told to listen on its loopback, or has such a file."""
    service = SERVICES[name]
    told = [service["network_mode"] == "host", *map(str, [service.get("command"), service.get("environment")])]
    files = "".join(path.read_text() for path in mounted(name) if path.is_file())
    addresses = re.findall(
        r"(?:listen-addr\w*=|listen_address: |HTTP_ADDR': ')([\d.]+)", " ".join([*map(str, told), files])
    )
    return told[0] is True and set(addresses) == {"127.0.0.1"}


def mounted(name: str) -> list[Path]:
    """Our own folders that a service is given, with the files in them."""
    own = [ROOT / volume.split(":")[0] for volume in SERVICES[name].get("volumes", ()) if volume.startswith("./")]
    return [path for folder in own if ".bloom" not in folder.parts for path in (folder, *folder.rglob("*"))]


@pytest.mark.parametrize("name", [name for name in SERVICES if mounted(name)])
def test_what_is_mounted_is_there_and_is_only_read(name: str) -> None:
    assert all(path.exists() for path in mounted(name))
    assert all(volume.endswith(":ro") for volume in SERVICES[name]["volumes"] if volume.startswith("./"))
    inside = " ".join(map(str, (SERVICES[name].get("command"), SERVICES[name].get("environment"))))
    for volume in SERVICES[name]["volumes"]:
        outside, within, *_ = volume.split(":")
        for named in re.findall(rf"{within}/[\w./-]+", inside):
            assert (ROOT / named.replace(within, outside, 1)).exists() or not outside.startswith("./"), named


def test_prometheus_looks_at_every_part_that_has_numbers_where_it_listens() -> None:
    config = yaml.safe_load((ROOT / "infra" / "prometheus" / "prometheus.yaml").read_text())
    looked_at = {
        target: job["job_name"]
        for job in config["scrape_configs"]
        for targets in job["static_configs"]
        for target in targets["targets"]
    }
    parts = {**{part: part for part in (*FUNCTIONS, "inference")}, **dict.fromkeys(RELAYS, "realtime")}
    assert looked_at == {f"127.0.0.1:{PORTS[part]}": f"bloom/bloom-{name}" for part, name in parts.items()}
    assert {f"/etc/prometheus/{path.name}" for path in (ROOT / "infra" / "prometheus").iterdir() if path.is_dir()} >= {
        str(Path(pattern).parent) for pattern in config["rule_files"]
    }


def test_grafana_asks_the_two_that_are_there_and_leads_to_a_page_that_is() -> None:
    provisioning = ROOT / "infra" / "grafana" / "provisioning"
    sources = yaml.safe_load((provisioning / "datasources" / "bloom.yaml").read_text())["datasources"]
    loki = yaml.safe_load((ROOT / "infra" / "loki" / "loki.yaml").read_text())["server"]
    asked = {source["type"]: source["url"] for source in sources}
    assert asked == {"prometheus": "http://127.0.0.1:9090", "loki": f"http://127.0.0.1:{loki['http_listen_port']}"}
    assert "--web.listen-address=127.0.0.1:9090" in SERVICES["prometheus"]["command"]
    links = re.findall(r"url: (http://localhost:\S+)", (provisioning / "datasources" / "bloom.yaml").read_text())
    assert set(links) == {f"http://localhost:{PORTS['gateway']}/dev/traces/$${{__value.raw}}"}
    [provider] = yaml.safe_load((provisioning / "dashboards" / "bloom.yaml").read_text())["providers"]
    assert provider["options"]["path"] == "/etc/grafana/dashboards"
    assert (ROOT / "infra" / "grafana" / "dashboards").is_dir()


def test_lines_and_audit_trail_are_shipped_from_where_they_are_written() -> None:
    shipper = (ROOT / "infra" / "loki" / "shipper.alloy").read_text()
    read = set(re.findall(r'"__path__" = "(/bloom/\w+)/\*\.log"', shipper))
    given = dict(volume.split(":")[:2] for volume in SERVICES["shipper"]["volumes"])
    assert read == {"/bloom/logs", "/bloom/audit"} == {given[f"./.bloom/{name}"] for name in ("logs", "audit")}
    labels = re.findall(r"values = \{(.*?)\}", shipper)
    assert {label for found in labels for label in re.findall(r"(\w+) =", found)} == {"part", "severity", "outcome"}
    assert shipper.count("{") == shipper.count("}")


@pytest.mark.parametrize("name", SERVICES)
def test_images_are_pinned_and_ports_are_the_loopbacks(name: str) -> None:
    assert re.search(r":v?\d+\.\d+\.\d+(-\w+)?$", SERVICES[name]["image"])
    ports = SERVICES[name].get("ports", ())
    assert all(port.startswith("127.0.0.1:") for port in ports)
    assert ports or listens_on_the_loopback(name)


def test_the_emulators_topic_is_ours() -> None:
    assert f"/projects/{PROJECT}/topics/{TOPIC}" in " ".join(SERVICES["pubsub"]["healthcheck"]["test"])
