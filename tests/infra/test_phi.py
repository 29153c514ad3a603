"""A stack for patients' data uses no vendor that has not signed, and makes nothing before that is so."""

import json
from datetime import UTC, datetime, timedelta

import pulumi
import pytest
import yaml

from infra import vendors
from infra.package import ROOT
from infra.secret_store import SECRETS
from infra.stack import Stack, StackSettingMalformed, read
from infra.vendors import VENDORS
from tests.infra.provisioned import Cloud, settings_of


def stack(name: str = "prod", /, **changed: object) -> Stack:
    """A stack's settings as the program reads them; `changed` are ours by their names."""
    pulumi.runtime.set_mocks(Cloud(), project="bloom", stack=name, preview=False)
    told = {f"bloom:{key}": value if isinstance(value, str) else json.dumps(value) for key, value in changed.items()}
    pulumi.runtime.set_all_config(settings_of(name) | told)
    return read()


def signed(*without: str) -> dict[str, str]:
    return {name: "2026-01-31" for name in VENDORS if name not in without}


def secrets(*prefixes: str) -> list[str]:
    return [name for name in SECRETS if name.startswith(prefixes)]


def refusal(chosen: Stack) -> str:
    with pytest.raises(StackSettingMalformed) as refused:
        vendors.check(chosen)
    return str(refused.value)


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_vendor_in_use_that_has_not_signed_is_refused_by_name_in_one_line(vendor: str) -> None:
    said = refusal(stack(phi=True, baa=signed(vendor)))
    assert said == f"phi: patients' data may not reach {vendor}: sign with each, then add its day under baa"


@pytest.mark.parametrize(
    ("vendor", "changed"),
    [
        ("cockroach", {"database": "cloud-sql"}),
        ("zoom", {"withoutSecrets": secrets("zoom-")}),
        ("grafana", {"withoutSecrets": secrets("grafana-")}),
    ],
)
def test_a_vendor_that_is_not_in_use_has_nothing_to_sign(vendor: str, changed: dict[str, object]) -> None:
    vendors.check(stack(phi=True, baa=signed(vendor), **changed))


@pytest.mark.parametrize(
    "changed",
    [
        {"withoutSecrets": secrets("zoom-")[1:], "baa": signed("zoom")},
        {
            "withoutSecrets": secrets("grafana-"),
            "settings": {"OTEL_EXPORTER_OTLP_ENDPOINT": "https://otlp.example/otlp"},
            "baa": signed("grafana"),
        },
    ],
    ids=["one secret of Zoom's is left", "telemetry is sent"],
)
def test_what_is_half_switched_off_is_in_use(changed: dict[str, object]) -> None:
    assert "may not reach" in refusal(stack(phi=True, **changed))


def test_without_patients_nobody_has_to_sign() -> None:
    vendors.check(stack("dev", phi=False, baa={}))


def test_nothing_is_made_before_everybody_has_signed() -> None:
    from infra.__main__ import provision

    chosen = stack(phi=True, baa={})
    cloud = Cloud()
    pulumi.runtime.set_mocks(cloud, project="bloom", stack="prod", preview=False)
    with pytest.raises(StackSettingMalformed, match=", ".join(VENDORS)):
        provision(chosen)
    assert cloud.asked == []


@pytest.mark.parametrize(
    ("baa", "named"),
    [
        ({"gooogle": "2026-01-31"}, "gooogle is no vendor"),
        ({"google": "yes"}, "google: the day"),
        ({"google": ""}, "google: the day"),
        ({"google": (datetime.now(UTC) + timedelta(days=2)).date().isoformat()}, "google: the day"),
    ],
    ids=["unknown", "no day", "empty", "not yet"],
)
def test_what_is_no_signature_stops_the_program_even_without_patients(baa: dict[str, str], named: str) -> None:
    assert named in refusal(stack("dev", phi=False, baa=baa))


def test_production_in_the_tree_is_for_patients_and_claims_no_signature() -> None:
    config = yaml.safe_load((ROOT / "infra" / "Pulumi.prod.yaml").read_text())["config"]
    assert config["bloom:phi"] is True
    assert config["bloom:baa"] == {}
