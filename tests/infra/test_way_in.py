"""The load balancer: who answers which path, and what it takes to get as far."""

import pytest

from infra.firewall import PATHS_OF_WORDS
from infra.routes import ROUTES, deployable_for
from tests.infra.provisioned import Provisioned, Resource


def url_map(stack: Provisioned) -> Resource:
    return stack.one("uRLMap:URLMap", "url-map")


def answered_by(stack: Provisioned, path: str) -> str:
    """The backend that the URL map sends a path to, as Google documents it: the longest path wins."""
    (matcher,) = url_map(stack)["pathMatchers"]
    found = {
        pattern: rule["service"]
        for rule in matcher["pathRules"]
        for pattern in rule["paths"]
        if path == pattern or (pattern.endswith("/*") and path.startswith(pattern[:-1]))
    }
    return str(found[max(found, key=len)] if found else matcher["defaultService"])


@pytest.mark.parametrize(
    "path",
    [
        *ROUTES,
        *(f"{prefix}/anything/below" for prefix in ROUTES),
        "/",
        "/sign-in",
        "/api/nothing",
        "/api/messagesx",
        "/api/internal/outbox/sweep",
        "/api/internal/messages/events",
    ],
)
def test_a_path_goes_where_the_local_gateway_sends_it(prod: Provisioned, path: str) -> None:
    deployable = deployable_for(path)
    expected = f"{deployable.replace('_', '-')}-backend-id" if deployable else "web-backend-id"
    assert answered_by(prod, path) == expected


def test_nothing_internal_is_routed_from_outside(stack: Provisioned) -> None:
    (matcher,) = url_map(stack)["pathMatchers"]
    led = {pattern: rule["service"] for rule in matcher["pathRules"] for pattern in rule["paths"]}
    assert not [pattern for pattern in led if pattern.startswith("/api/internal")]
    assert {led["/*"], led["/api/*"]} == {"web-backend-id"}
    assert answered_by(stack, "/api/internal/outbox/sweep") == "web-backend-id"


def test_each_deployables_health_can_be_asked_from_outside(stack: Provisioned) -> None:
    (matcher,) = url_map(stack)["pathMatchers"]
    rules = {rule["paths"][0]: rule for rule in matcher["pathRules"] if rule["paths"][0].startswith("/health/")}
    slugs = {name.replace("_", "-") for name in ROUTES.values()}
    assert set(rules) == {f"/health/{slug}" for slug in slugs}
    for path, rule in rules.items():
        assert rule["service"] == f"{path.removeprefix('/health/')}-backend-id"
        assert rule["routeAction"] == {"urlRewrite": {"pathPrefixRewrite": "/health"}}


def test_each_backend_stands_before_its_own_service(stack: Provisioned) -> None:
    groups = {found.name: found["cloudRun"]["service"] for found in stack.of("RegionNetworkEndpointGroup")}
    assert groups == {
        f"{slug}-group": f"bloom-{stack.stack}-{slug}"
        for slug in ("auth", "appointments", "messages", "admin", "ml-feedback", "realtime")
    }
    for backend in stack.of("BackendService"):
        slug = backend.name.removesuffix("-backend")
        assert backend["backends"] == [{"group": f"{slug}-group-id"}]


def test_tls_is_modern_and_never_older_than_1_2(stack: Provisioned) -> None:
    policy = stack.one("SSLPolicy", "tls")
    assert (policy["profile"], policy["minTlsVersion"]) == ("MODERN", "TLS_1_2")
    (proxy,) = stack.of("TargetHttpsProxy")
    assert proxy["sslPolicy"] == "tls-id"
    assert proxy["sslCertificates"] == ["certificate-id"]
    assert proxy["tlsEarlyData"] == "DISABLED"


def test_plain_http_is_sent_to_https_and_answers_nothing_itself(stack: Provisioned) -> None:
    redirect = stack.one("uRLMap:URLMap", "redirect-map")
    assert redirect["defaultUrlRedirect"] == {
        "httpsRedirect": True,
        "stripQuery": False,
        "redirectResponseCode": "MOVED_PERMANENTLY_DEFAULT",
    }
    assert "defaultService" not in redirect.inputs
    ports = {rule["portRange"]: rule["target"] for rule in stack.of("GlobalForwardingRule")}
    assert ports == {"443": "https-proxy-id", "80": "http-proxy-id"}
    assert stack.one("TargetHttpProxy", "http-proxy")["urlMap"] == "redirect-map-id"


def test_every_answer_tells_browsers_to_stay_with_https(stack: Provisioned) -> None:
    for found in (*stack.of("BackendService"), *stack.of("BackendBucket")):
        assert "Strict-Transport-Security: max-age=63072000; includeSubDomains" in found["customResponseHeaders"]


def test_the_web_client_comes_from_the_cdn(stack: Provisioned) -> None:
    for web in stack.of("BackendBucket"):
        assert web["enableCdn"] is True
        assert web["bucketName"] == stack.one("Bucket", "web")["name"]


def test_no_answer_of_the_api_is_cached_at_the_edge_and_no_request_logged(stack: Provisioned) -> None:
    assert not [found for found in stack.of("BackendService") if found.get("enableCdn")]
    assert all(found["logConfig"] == {"enable": False} for found in stack.of("BackendService"))


def test_cloud_armor_stands_before_every_backend_of_production(prod: Provisioned) -> None:
    assert {found["securityPolicy"] for found in prod.of("BackendService")} == {"firewall-id"}


def test_an_address_is_throttled_before_it_is_let_in(prod: Provisioned) -> None:
    rules = sorted(prod.one("SecurityPolicy", "firewall")["rules"], key=lambda rule: rule["priority"])
    last, before = rules[-1], rules[-2]
    assert (last["action"], last["priority"]) == ("allow", 2_147_483_647)
    assert before["action"] == "throttle"
    assert before["rateLimitOptions"]["rateLimitThreshold"] == {"count": 600, "intervalSec": 60}
    assert before["rateLimitOptions"]["exceedAction"] == "deny(429)"
    assert before["rateLimitOptions"]["enforceOnKey"] == "IP"


def test_owasps_rules_deny_and_come_first(prod: Provisioned) -> None:
    rules = [rule for rule in prod.one("SecurityPolicy", "firewall")["rules"] if rule["action"] == "deny(403)"]
    expressions = " ".join(rule["match"]["expr"]["expression"] for rule in rules)
    for name in ("sqli", "xss", "lfi", "rfi", "rce", "protocolattack", "sessionfixation"):
        assert f"evaluatePreconfiguredWaf('{name}-v33-stable'" in expressions
    assert not [rule for rule in rules if rule.get("preview")]
    assert max(rule["priority"] for rule in rules) < 2_000


def test_no_rule_about_words_looks_at_what_a_patient_writes(prod: Provisioned) -> None:
    import re

    rules = [rule for rule in prod.one("SecurityPolicy", "firewall")["rules"] if rule["action"] == "deny(403)"]
    assert all(
        rule["match"]["expr"]["expression"].startswith(f"!request.path.matches('{PATHS_OF_WORDS}') && ")
        for rule in rules
    )
    assert all(
        re.match(PATHS_OF_WORDS, path) for path in ("/api/messages", "/api/conversations/7", "/api/user/profile")
    )
    assert not [
        path for path in ("/api/auth/sign-in", "/api/admin/users", "/x/api/messages") if re.match(PATHS_OF_WORDS, path)
    ]
