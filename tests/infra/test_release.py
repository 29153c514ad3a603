"""Requests stay with what serves until the new has shown itself, and go back to it."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from infra.release import SERVICES, ReleaseRefused, back, finish, hold, main, share
from infra.routes import ROUTES
from infra.secret_store import SECRETS
from infra.smoke import faults
from tests.infra.gcloud_double import Gcloud
from tests.infra.provisioned import Provisioned, provisioned, settings_of


def service(created: str = "new", ready: str = "new", **traffic: int) -> dict[str, Any]:
    """A service as `gcloud run services list --format=json` tells of it."""
    parts = [{"revisionName": name, "percent": percent} for name, percent in traffic.items()]
    parts.append({"revisionName": "tagged", "tag": "challenger"})
    status = {"latestCreatedRevisionName": created, "latestReadyRevisionName": ready, "traffic": parts}
    return {"metadata": {"name": "bloom-prod-auth"}, "status": status}


def test_requests_are_held_where_most_of_them_go() -> None:
    assert hold(service(champion=90, challenger=10)) == ["--to-revisions=champion=100"]
    assert hold(service()) == []


def test_a_share_goes_to_the_newest_and_the_rest_stays() -> None:
    assert share(service(old=100), 10) == ["--to-revisions=new=10,old=90"]
    assert share(service(new=10, old=90), 50) == ["--to-revisions=new=50,old=50"]


def test_nothing_is_shared_where_nothing_is_newer() -> None:
    assert share(service(new=100), 10) == []
    assert back(service(new=100)) == []


def test_a_revision_that_does_not_start_is_given_nothing() -> None:
    with pytest.raises(ReleaseRefused, match="bloom-prod-auth: new has not become ready"):
        share(service(ready="old", old=100), 10)


@pytest.mark.parametrize("share_of_new", [10, 50, 90])
def test_going_back_gives_all_requests_to_the_one_before(share_of_new: int) -> None:
    assert back(service(new=share_of_new, old=100 - share_of_new)) == ["--to-revisions=old=100"]


def test_going_back_works_also_where_the_newest_never_became_ready() -> None:
    assert back(service(ready="old", old=100)) == ["--to-revisions=old=100"]


def test_at_the_end_the_newest_serves_whatever_comes_next() -> None:
    assert finish(service(new=50, old=50)) == ["--to-latest"]


def test_a_service_in_another_region_is_released_with_the_others(gcloud: Gcloud) -> None:
    gcloud.serve("bloom-qa-auth", old=100)
    gcloud.serve("bloom-qa-inference", "us-central1", old=100)
    gcloud.serve("bloom-dev-auth", old=100)
    assert main(["qa", "share", "--percent", "10"]) == 0
    assert gcloud.traffic("bloom-qa-auth") == gcloud.traffic("bloom-qa-inference") == {"new": 10, "old": 90}
    assert gcloud.traffic("bloom-dev-auth") == {"old": 100}


def test_a_service_that_will_not_go_back_keeps_no_other_from_it(
    gcloud: Gcloud, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("auth", "messages", "admin"):
        gcloud.serve(f"bloom-qa-{name}", new=10, old=90)
    gcloud.put(refused=["bloom-qa-messages"])
    assert main(["qa", "back"]) == 1
    assert gcloud.traffic("bloom-qa-auth") == gcloud.traffic("bloom-qa-admin") == {"old": 100}
    assert "bloom-qa-messages" in capsys.readouterr().err


def test_a_secret_without_a_value_stops_a_release_before_it_begins_and_is_named(
    gcloud: Gcloud, capsys: pytest.CaptureFixture[str]
) -> None:
    without = settings_of("dev")["bloom:withoutSecrets"]
    for name in SECRETS:
        if name not in without:
            gcloud.keep(f"bloom-dev-{name}", *([] if name == "smtp-url" else ["a value"]))
    assert main(["dev", "missing"]) == 1
    assert capsys.readouterr().err == "bloom: no value yet: bloom-dev-smtp-url\n"


def test_a_preview_is_given_the_values_of_dev_and_keeps_its_own(gcloud: Gcloud) -> None:
    gcloud.keep("bloom-qa-smtp-url")
    gcloud.keep("bloom-qa-redis-url", "its own")
    gcloud.keep("bloom-dev-smtp-url", "that of dev")
    assert main(["qa", "secrets", "--like", "dev"]) == 0
    assert gcloud.values("bloom-qa-smtp-url") == ["that of dev"]
    assert gcloud.values("bloom-qa-redis-url") == ["its own"]


@pytest.fixture(scope="module")
def held() -> Provisioned:
    return provisioned("dev", held="true")


def test_a_held_stack_moves_no_request(held: Provisioned, dev: Provisioned) -> None:
    for function in held.of("Function"):
        assert function["serviceConfig"]["allTrafficOnLatestRevision"] is False
    for name in ("inference", "realtime"):
        assert held.one("cloudrunv2/service:Service", name).get("traffics") is None
        assert dev.one("cloudrunv2/service:Service", name)["traffics"][0]["percent"] == 100


def test_a_release_moves_exactly_what_is_provisioned(dev: Provisioned) -> None:
    made = {found["name"] for kind in ("Function", "cloudrunv2/service:Service") for found in dev.of(kind)}
    assert {f"bloom-dev-{name}" for name in SERVICES} == made


class Deployment(BaseHTTPRequestHandler):
    """Answers as the load balancer does; `broken` names a path that fails every other time."""

    broken = ""
    asked = 0

    def do_GET(self) -> None:
        type(self).asked += 1
        if self.path == self.broken and self.asked % 2:
            self._answer(503, "text/plain", b"")
        elif self.path == "/api/conversations":
            self._answer(401, "application/problem+json", b"{}")
        elif self.path == "/api/openapi.json":
            self._answer(200, "application/json", b'{"openapi": "3.1.0"}')
        else:
            self._answer(200 if self.path.startswith("/health/") else 404, "application/json", b"{}")

    def do_POST(self) -> None:
        self._answer(200 if self.broken == self.path else 405, "text/html", b"")

    def _answer(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def origin() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Deployment) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_deployment_that_is_well_has_no_faults(origin: str) -> None:
    assert list(faults(origin)) == []


@pytest.mark.parametrize("deployable", sorted(set(ROUTES.values())))
def test_one_bad_revision_among_good_ones_is_noticed(
    origin: str, deployable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = f"/health/{deployable.replace('_', '-')}"
    monkeypatch.setattr(Deployment, "broken", path)
    (fault,) = faults(origin, times=4)
    assert fault == f"{path}: 2 of 4 answers were no 200, the first was 503"


def test_an_internal_route_that_answers_outside_is_noticed(origin: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Deployment, "broken", "/api/internal/outbox/sweep")
    assert list(faults(origin)) == ["/api/internal/ is reached from outside: 200"]


def test_silence_is_a_fault() -> None:
    assert len(list(faults("http://127.0.0.1:9"))) == len(set(ROUTES.values())) + 2
