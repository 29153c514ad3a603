"""The one way in: a global HTTPS load balancer with the URL map of routes.py, TLS, HSTS, Cloud Armor and the CDN."""

from collections.abc import Mapping
from typing import Final

import pulumi
from pulumi_gcp import compute

from infra.buckets import Buckets
from infra.firewall import create as create_firewall
from infra.routes import ROUTES
from infra.stack import Stack
from infra.web_headers import HASHED, HSTS, INDEX, MEETING, STORAGE, headers, meeting_headers

MANAGED: Final = "EXTERNAL_MANAGED"
STAY_WITH_HTTPS: Final = f"Strict-Transport-Security: {HSTS}"
GRAFANA: Final = "GRAFANA_URL"
HEALTH: Final = "/health/"
"""`/health/auth` outside is `/health` of the auth function, so that each can be watched from outside."""


def create(stack: Stack, services: Mapping[str, pulumi.Input[str]], buckets: Buckets) -> compute.GlobalAddress:
    """The load balancer over the Cloud Run services of the deployables that ROUTES names; its address."""
    armor = create_firewall(stack)
    backends = {name: _backend(stack, name, service, armor) for name, service in services.items()}
    address = compute.GlobalAddress("address", name=stack.called("address"), labels=stack.labels)
    web = _web(
        stack,
        buckets,
        "web",
        headers(stack.deployable_settings.get(GRAFANA), f"{STORAGE}/{stack.bucket_called('files')}"),
    )
    meeting = _web(stack, buckets, "meeting", meeting_headers())
    _https(stack, address, _url_map(stack, backends, web, meeting))
    _http(stack, address)
    return address


def _backend(
    stack: Stack, name: str, service: pulumi.Input[str], armor: compute.SecurityPolicy | None
) -> compute.BackendService:
    slug = name.replace("_", "-")
    group = compute.RegionNetworkEndpointGroup(
        f"{slug}-group",
        name=stack.called(slug),
        region=stack.region,
        network_endpoint_type="SERVERLESS",
        cloud_run=compute.RegionNetworkEndpointGroupCloudRunArgs(service=service),
    )
    return compute.BackendService(
        f"{slug}-backend",
        name=stack.called(slug),
        load_balancing_scheme=MANAGED,
        protocol="HTTPS",
        backends=[compute.BackendServiceBackendArgs(group=group.id)],
        security_policy=None if armor is None else armor.id,
        custom_response_headers=[STAY_WITH_HTTPS],
        # Addresses and paths of patients' requests: what a denial needs is in Cloud Armor's own log.
        log_config=compute.BackendServiceLogConfigArgs(enable=False),
    )


def _web(stack: Stack, buckets: Buckets, name: str, told: Mapping[str, str]) -> compute.BackendBucket:
    """The web client's files, each answer with these headers: of one backend they are all the same."""
    return compute.BackendBucket(
        f"{name}-backend",
        name=stack.called(name),
        bucket_name=buckets.web.name,
        enable_cdn=True,
        # What each file says of itself (web_headers.py): a page that is asked for anew is never an old one.
        cdn_policy=compute.BackendBucketCdnPolicyArgs(cache_mode="USE_ORIGIN_HEADERS"),
        compression_mode="AUTOMATIC",
        load_balancing_scheme=MANAGED,
        custom_response_headers=[f"{name}: {value}" for name, value in told.items()],
    )


def _url_map(
    stack: Stack,
    backends: Mapping[str, compute.BackendService],
    web: compute.BackendBucket,
    meeting: compute.BackendBucket,
) -> compute.URLMap:
    rules = [
        compute.URLMapPathMatcherPathRuleArgs(paths=[prefix, f"{prefix}/*"], service=backends[deployable].id)
        for prefix, deployable in ROUTES.items()
    ]
    return compute.URLMap(
        "url-map",
        name=stack.called("urls"),
        default_service=web.id,
        host_rules=[compute.URLMapHostRuleArgs(hosts=[stack.domain], path_matcher="paths")],
        path_matchers=[
            compute.URLMapPathMatcherArgs(
                name="paths",
                default_service=web.id,
                path_rules=[*rules, *map(_health, backends, backends.values()), *_pages(web, meeting)],
            )
        ],
    )


def _health(name: str, backend: compute.BackendService) -> compute.URLMapPathMatcherPathRuleArgs:
    rewrite = compute.URLMapPathMatcherPathRuleRouteActionUrlRewriteArgs(path_prefix_rewrite="/health")
    return compute.URLMapPathMatcherPathRuleArgs(
        paths=[HEALTH + name.replace("_", "-")],
        service=backend.id,
        route_action=compute.URLMapPathMatcherPathRuleRouteActionArgs(url_rewrite=rewrite),
    )


def _pages(web: compute.BackendBucket, meeting: compute.BackendBucket) -> list[compute.URLMapPathMatcherPathRuleArgs]:
    """The web client's own addresses, which no file has, are answered by its index; a file or a route that is missing
    is missing."""
    missing = compute.URLMapPathMatcherPathRuleCustomErrorResponsePolicyErrorResponseRuleArgs(
        match_response_codes=["404"], path=f"/{INDEX}", override_response_code=200
    )
    index = compute.URLMapPathMatcherPathRuleCustomErrorResponsePolicyArgs(
        error_response_rules=[missing], error_service=web.id
    )
    return [
        compute.URLMapPathMatcherPathRuleArgs(paths=[f"/{MEETING}"], service=meeting.id),
        compute.URLMapPathMatcherPathRuleArgs(paths=["/api", "/api/*", f"{HEALTH}*", f"/{HASHED}*"], service=web.id),
        compute.URLMapPathMatcherPathRuleArgs(paths=["/*"], service=web.id, custom_error_response_policy=index),
    ]


def _https(stack: Stack, address: compute.GlobalAddress, url_map: compute.URLMap) -> None:
    certificate = compute.ManagedSslCertificate(
        "certificate",
        name=stack.called("certificate"),
        managed=compute.ManagedSslCertificateManagedArgs(domains=[stack.domain]),
    )
    policy = compute.SSLPolicy("tls", name=stack.called("tls"), profile="MODERN", min_tls_version="TLS_1_2")
    proxy = compute.TargetHttpsProxy(
        "https-proxy",
        name=stack.called("https"),
        url_map=url_map.id,
        ssl_certificates=[certificate.id],
        ssl_policy=policy.id,
        quic_override="ENABLE",
        tls_early_data="DISABLED",  # what comes early can be replayed
    )
    _forward(stack, "https", address, proxy.id, "443")


def _http(stack: Stack, address: compute.GlobalAddress) -> None:
    redirect = compute.URLMapDefaultUrlRedirectArgs(
        https_redirect=True, strip_query=False, redirect_response_code="MOVED_PERMANENTLY_DEFAULT"
    )
    url_map = compute.URLMap("redirect-map", name=stack.called("redirect"), default_url_redirect=redirect)
    proxy = compute.TargetHttpProxy("http-proxy", name=stack.called("http"), url_map=url_map.id)
    _forward(stack, "http", address, proxy.id, "80")


def _forward(stack: Stack, name: str, address: compute.GlobalAddress, target: pulumi.Input[str], port: str) -> None:
    compute.GlobalForwardingRule(
        f"{name}-rule",
        name=stack.called(name),
        load_balancing_scheme=MANAGED,
        ip_address=address.id,
        ip_protocol="TCP",
        port_range=port,
        target=target,
        labels=stack.labels,
    )
