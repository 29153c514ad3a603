"""Administrators are shown dashboards: Grafana is asked as its API is documented, and lets in whom the answer names."""

import base64
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from flask.testing import FlaskClient
from joserfc.errors import JoseError
from sqlalchemy import select

from shared.clock import held_at, now
from shared.database.models.audit_trail import AuditEvent
from shared.settings import SettingsError, settings
from tests.grafana_double import SERVICE_TOKEN, Grafana, grafana
from tests.people import As, Person, rows

PATH = "/api/admin/grafana"
ISSUER = "http://localhost:3000"


@pytest.fixture
def double(admin: FlaskClient, environment: Callable[..., None]) -> Iterator[Grafana]:
    """Grafana, and a function that knows it."""
    with grafana(ISSUER) as running:
        tell(environment, running)
        yield running
        api().forget()


def tell(environment: Callable[..., None], running: Grafana, **changed: str) -> None:
    own = {"grafana_service_token": SERVICE_TOKEN, "grafana_signing_key": running.signing_key}
    environment(**{"grafana_url": running.url, "grafana_timeout_ms": "2000", **own, **changed})


def api() -> Any:
    """The slice, as the function loaded it."""
    return next(module for name, module in list(sys.modules.items()) if name.endswith("main.grafana_api"))


def kind(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.get_json()["type"].rpartition(":")[2]


def opened() -> Sequence[AuditEvent]:
    return rows(select(AuditEvent).where(AuditEvent.action == "dashboard.open"))


def test_the_url_opens_the_dashboard_in_a_frame_for_five_minutes(
    asking: As, administrator: Person, double: Grafana
) -> None:
    answer = asking.get(f"{PATH}?dashboard=overview")
    assert answer.status_code == 200, answer.get_json()
    assert answer.headers["Cache-Control"] == "no-store"
    assert double.asked == ["/api/dashboards/uid/bloom-qa-overview"]
    url, expires_at = answer.get_json()["url"], datetime.fromisoformat(answer.get_json()["expiresAt"])
    assert url.startswith(f"{double.url}/d/bloom-qa-overview/overview?kiosk&orgId=1&theme=light&auth_token=")
    assert httpx.get(url).status_code == 200
    assert timedelta(minutes=4) < expires_at - now() <= timedelta(minutes=5)
    claims = double.claims_of(url)
    assert (claims["role"], claims["exp"]) == ("Viewer", expires_at.timestamp())
    assert claims["sub"] == str(administrator.id)
    assert set(claims) == {"iss", "aud", "sub", "role", "iat", "nbf", "exp"}  # nobody's name or address


def test_a_token_that_is_old_or_meant_for_another_grafana_opens_nothing(asking: As, double: Grafana) -> None:
    before = now() - timedelta(minutes=6)
    with held_at(lambda: before):
        old = asking.get(PATH).get_json()
    assert httpx.get(old["url"]).status_code == 401
    fresh = asking.get(PATH).get_json()["url"]
    double.issuer = "https://somebody.example"
    with pytest.raises(JoseError):
        double.claims_of(fresh)


def test_who_looked_at_what_is_kept(asking: As, administrator: Person, double: Grafana) -> None:
    asking.get(PATH)
    [entry] = opened()
    assert (entry.actor_id, entry.subject_id, entry.details) == (administrator.id, None, {"dashboard": "overview"})


def test_nothing_of_either_token_is_kept_or_told(
    capsys: pytest.CaptureFixture[str], asking: As, double: Grafana, environment: Callable[..., None]
) -> None:
    [token] = parse_qs(urlsplit(asking.get(PATH).get_json()["url"]).query)["auth_token"]
    said = str([vars(entry) for entry in rows(select(AuditEvent))])
    tell(environment, double, grafana_service_token="glsa_one-that-was-revoked")
    refused = asking.get(PATH)
    assert kind(refused) == (503, "dashboards-away")
    said += refused.get_data(as_text=True) + str(capsys.readouterr())
    assert '"grafana-refuses-us"' in said
    for secret in (token, SERVICE_TOKEN, "glsa_", double.signing_key):
        assert secret not in said


def test_a_dashboard_that_grafana_does_not_have_is_not_found(asking: As, double: Grafana) -> None:
    assert kind(asking.get(f"{PATH}?dashboard=of-nobody")) == (404, "dashboard-unknown")
    assert opened() == []


@pytest.mark.parametrize("name", ["", "Overview", "../../users", "a" * 24, "over%20view", "über"])
def test_what_is_no_name_is_told_by_its_field(asking: As, double: Grafana, name: str) -> None:
    answer = asking.get(f"{PATH}?dashboard={name}")
    assert answer.status_code == 422
    assert answer.get_json()["errors"][0]["pointer"] == "?dashboard"
    assert double.asked == []


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b"<html>Sign in</html>"),
        (200, b'{"dashboard": {}, "meta": {}}'),
        (200, b'{"dashboard": {}, "meta": {"url": "//elsewhere.example/d/x"}}'),
        (200, b'{"dashboard": {}, "meta": {"url": "/d/x?auth_token=mine"}}'),
        (302, b""),
        (429, b'{"message": "Too many requests"}'),
        (500, b'{"message": "Internal error"}'),
        (200, b" " * (2 * 1024 * 1024 + 1)),
    ],
)
def test_what_is_not_grafanas_answer_is_grafana_away(asking: As, double: Grafana, status: int, body: bytes) -> None:
    double.fault = (status, body)
    answer = asking.get(PATH)
    assert kind(answer) == (503, "dashboards-away")
    assert answer.headers["Retry-After"] == "5"
    assert opened() == []


def test_a_dashboard_that_our_account_may_not_read_is_our_fault(asking: As, double: Grafana) -> None:
    double.forbidden.add("bloom-qa-overview")
    assert kind(asking.get(PATH)) == (503, "dashboards-away")


def test_a_grafana_that_does_not_answer_costs_a_moment_and_then_nothing(
    asking: As, double: Grafana, environment: Callable[..., None]
) -> None:
    tell(environment, double, grafana_timeout_ms="100")
    double.silent = True
    began = monotonic()
    assert kind(asking.get(PATH)) == (503, "dashboards-away")
    assert monotonic() - began < 1
    for _ in range(4):
        asking.get(PATH)
    asked = len(double.asked)
    assert kind(asking.get(PATH)) == (503, "dashboards-away")
    assert len(double.asked) == asked == 5


def test_a_grafana_that_is_not_there_is_away(asking: As, double: Grafana, environment: Callable[..., None]) -> None:
    tell(environment, double, grafana_url="http://127.0.0.1:9")
    assert kind(asking.get(PATH)) == (503, "dashboards-away")


@pytest.mark.parametrize("missing", ["grafana_url", "grafana_service_token", "grafana_signing_key"])
def test_where_it_is_not_set_up_that_is_said(
    asking: As, double: Grafana, environment: Callable[..., None], missing: str
) -> None:
    environment(**{missing: None})
    answer = asking.get(PATH)
    assert kind(answer) == (503, "dashboards-not-offered")
    assert answer.headers["Retry-After"] == "3600"
    assert double.asked == []


def test_a_grafana_below_a_path_is_found_there(asking: As, double: Grafana, environment: Callable[..., None]) -> None:
    double.below = "/grafana"
    tell(environment, double, grafana_dashboards="bloom-production")
    double.titles = {"bloom-production-cost": "Cost"}
    url = asking.get(f"{PATH}?dashboard=cost").get_json()["url"]
    assert url.startswith(f"{double.url}/d/bloom-production-cost/cost?")
    assert httpx.get(url).status_code == 200


def der(key: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey) -> str:
    return base64.b64encode(key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())).decode()


@pytest.mark.parametrize(
    "value",
    ["not base64", "AAAA", der(ed25519.Ed25519PrivateKey.generate()), der(ec.generate_private_key(ec.SECP384R1()))],
    ids=["no base64", "no key", "another algorithm", "another curve"],
)
def test_a_key_of_another_kind_stops_the_start_and_is_not_shown(environment: Callable[..., None], value: str) -> None:
    environment(grafana_signing_key=value)
    with pytest.raises(SettingsError, match="GRAFANA_SIGNING_KEY") as refused:
        settings()
    assert value not in str(refused.value)


def test_the_answers_end_is_in_utc(asking: As, double: Grafana) -> None:
    assert datetime.fromisoformat(asking.get(PATH).get_json()["expiresAt"]).tzinfo == UTC
