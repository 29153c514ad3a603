"""The web client: what browsers are told beside each file, how it reaches its bucket, which addresses it answers."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from infra.web_client import NothingBuilt, main, send, uploads
from infra.web_headers import (
    FOR_GOOD,
    AddressMalformed,
    cached,
    headers,
    is_page,
    kind_of,
    meeting_headers,
    meeting_policy,
    policy,
)
from tests.infra.conftest import make
from tests.infra.gcloud_double import NOW, Gcloud
from tests.infra.provisioned import Provisioned

BUCKET = "gs://bloomhealth-qa-qa-web/"
FILES_AT = "https://storage.googleapis.com/bloom-files"
FILES = ("index.html", "manifest.webmanifest", "sw.js", "icons/app.png", "assets/app-1f3a.js", "assets/app-77ab.css")


@pytest.fixture
def built(tmp_path: Path) -> Path:
    for name in FILES:
        path = tmp_path / "dist" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return tmp_path / "dist"


def directives(address: str | None = None, files_at: str = FILES_AT) -> dict[str, str]:
    return dict(part.partition(" ")[::2] for part in policy(address, files_at).split("; "))


def test_a_page_runs_nothing_that_is_not_a_file_of_ours() -> None:
    said = directives()
    assert said["default-src"] == "'none'"
    assert said["script-src"] == said["style-src"] == said["worker-src"] == "'self'"
    assert "unsafe" not in policy(None, FILES_AT)
    assert "*" not in policy(None, FILES_AT)
    assert (said["frame-ancestors"], said["base-uri"], said["form-action"]) == ("'none'", "'none'", "'self'")


def test_a_page_reaches_our_origin_and_bucket_and_nothing_else() -> None:
    said = directives()
    assert said["connect-src"] == "'self' https://storage.googleapis.com/bloom-files/"
    assert said["img-src"] == "'self' data: blob: https://storage.googleapis.com/bloom-files/"
    assert directives(files_at="http://127.0.0.1:3070/here/?x=1")["connect-src"] == "'self' http://127.0.0.1:3070/here/"
    assert said["frame-src"] == "'none'"
    assert directives("https://grafana.example:8443/d/x?y=1")["frame-src"] == "https://grafana.example:8443"


def test_the_meetings_page_runs_zooms_code_and_reaches_zoom_but_not_our_api() -> None:
    said = dict(part.partition(" ")[::2] for part in meeting_policy().split("; "))
    assert "https://*.zoom.us" in said["script-src"].split()
    assert "'unsafe-inline'" not in said["script-src"]
    assert "'self'" not in said["connect-src"]
    assert all("zoom.us" in source or source in ("blob:", "data:") for source in said["connect-src"].split())
    assert (said["default-src"], said["frame-ancestors"], said["form-action"]) == ("'none'",) * 3


def test_the_meetings_page_may_ask_for_camera_and_microphone_and_is_any_other_page_besides() -> None:
    meeting, other = meeting_headers(), headers(None, FILES_AT)
    assert {name for name in other if meeting[name] != other[name]} == {"Content-Security-Policy", "Permissions-Policy"}
    allowed = dict(part.split("=") for part in meeting["Permissions-Policy"].split(", "))
    assert {feature for feature, whom in allowed.items() if whom == "(self)"} == {
        "camera",
        "display-capture",
        "microphone",
    }
    assert allowed["geolocation"] == "()"


@pytest.mark.parametrize(
    "address",
    ["javascript:alert(1)", "grafana.example", "https://a.example; script-src *", "https://u:p@a.example", "https://"],
)
def test_an_address_that_would_widen_the_policy_is_refused(address: str) -> None:
    with pytest.raises(AddressMalformed):
        headers(address, FILES_AT)
    with pytest.raises(AddressMalformed):
        headers(None, address)


def test_every_answer_of_the_client_carries_all_of_it_and_each_once(stack: Provisioned) -> None:
    web = stack.one("BackendBucket", "web-backend")
    grafana = {"qa": "https://grafana.bloomhealth.us", "prod": "https://grafana.bloomhealth.us"}.get(stack.stack)
    told = dict(line.split(": ", 1) for line in web["customResponseHeaders"])
    assert told == headers(grafana, f"https://storage.googleapis.com/{stack.one('Bucket', 'files')['name']}")
    assert len(web["customResponseHeaders"]) == len(told)
    assert told["Referrer-Policy"] == "no-referrer"
    assert told["X-Content-Type-Options"] == "nosniff"
    assert "camera=()" in told["Permissions-Policy"]
    assert told["Strict-Transport-Security"] == "max-age=63072000; includeSubDomains"


def test_the_meetings_page_has_a_way_of_its_own_with_its_own_headers(stack: Provisioned) -> None:
    meeting = stack.one("BackendBucket", "meeting-backend")
    assert dict(line.split(": ", 1) for line in meeting["customResponseHeaders"]) == meeting_headers()
    (matcher,) = stack.one("uRLMap:URLMap", "url-map")["pathMatchers"]
    led = {pattern: rule["service"] for rule in matcher["pathRules"] for pattern in rule["paths"]}
    assert [pattern for pattern, service in led.items() if service == "meeting-backend-id"] == ["/meeting.html"]


def test_the_edge_keeps_a_file_for_as_long_as_the_file_says(stack: Provisioned) -> None:
    web = stack.one("BackendBucket", "web-backend")
    assert web["cdnPolicy"] == {"cacheMode": "USE_ORIGIN_HEADERS"}


def test_an_address_of_the_clients_own_is_answered_by_its_index_and_a_missing_file_is_missing(
    stack: Provisioned,
) -> None:
    (matcher,) = stack.one("uRLMap:URLMap", "url-map")["pathMatchers"]
    rules = {pattern: rule for rule in matcher["pathRules"] for pattern in rule["paths"]}
    assert rules["/*"]["customErrorResponsePolicy"] == {
        "errorService": "web-backend-id",
        "errorResponseRules": [{"matchResponseCodes": ["404"], "path": "/index.html", "overrideResponseCode": 200}],
    }
    others = [rule for pattern, rule in rules.items() if pattern != "/*"]
    assert not [rule for rule in others if "customErrorResponsePolicy" in rule]
    assert "defaultCustomErrorResponsePolicy" not in matcher
    assert {rules[pattern]["service"] for pattern in ("/*", "/api/*", "/assets/*", "/health/*")} == {"web-backend-id"}
    assert stack.one("Bucket", "web")["website"] == {"mainPageSuffix": "index.html"}


@pytest.mark.parametrize(
    ("path", "kind", "kept"),
    [
        ("index.html", "text/html; charset=utf-8", "no-cache"),
        ("sw.js", "text/javascript; charset=utf-8", "no-cache"),
        ("manifest.webmanifest", "application/manifest+json", "no-cache"),
        ("icons/app.png", "image/png", "no-cache"),
        ("assets/app-1f3a.js", "text/javascript; charset=utf-8", FOR_GOOD),
        ("assets/nunito-9c.woff2", "font/woff2", FOR_GOOD),
        ("offline/assets/x.js", "text/javascript; charset=utf-8", "no-cache"),
    ],
)
def test_only_what_is_named_by_its_content_is_kept_for_good(path: str, kind: str, kept: str) -> None:
    assert (kind_of(path), cached(path)) == (kind, kept)


def test_an_address_without_an_ending_is_a_page() -> None:
    assert [is_page(path) for path in ("/", "/sign-in", "/messages/7", "/favicon.ico", "/assets/a.js")] == [
        True
    ] * 3 + [False] * 2


def test_a_page_arrives_after_all_that_it_names(built: Path) -> None:
    order = [upload.path for upload in uploads(built)]
    assert set(order[:2]) == {"assets/app-1f3a.js", "assets/app-77ab.css"}
    assert order[-1] == "index.html"
    assert sorted(order) == sorted(FILES)


def test_each_file_is_sent_with_what_goes_with_it(gcloud: Gcloud, built: Path) -> None:
    list(send("qa", built, datetime.fromisoformat(NOW)))
    assert gcloud["objects"] == {
        BUCKET + name: {"kind": kind_of(name), "cached": cached(name), "at": NOW} for name in FILES
    }
    assert gcloud["log"][-1] == {"sent": f"{BUCKET}index.html"}


def test_files_of_an_earlier_release_stay_for_a_month_and_then_go(gcloud: Gcloud, built: Path) -> None:
    kept = {"kind": "", "cached": ""}
    gcloud.put(
        objects={
            f"{BUCKET}assets/of-last-week.js": kept | {"at": "2026-11-19T08:00:00+00:00"},
            f"{BUCKET}assets/of-last-year.js": kept | {"at": "2025-11-19T08:00:00+00:00"},
            f"{BUCKET}index.html": kept | {"at": "2025-11-19T08:00:00+00:00"},
        }
    )
    list(send("qa", built, datetime(2026, 11, 26, 9, tzinfo=UTC)))
    left = {path.removeprefix(BUCKET) for path in gcloud["objects"]}
    assert left == {*FILES, "assets/of-last-week.js"}


def test_without_a_build_nothing_is_touched(gcloud: Gcloud, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(NothingBuilt):
        uploads(tmp_path)
    assert main(["qa", "--built", str(tmp_path)]) == 1
    assert "run `make web`" in capsys.readouterr().err
    assert gcloud["log"] == []


def test_a_stack_without_grafana_frames_nothing() -> None:
    web = make("dev").one("BackendBucket", "web-backend")
    assert "frame-src 'none'" in " ".join(web["customResponseHeaders"])
