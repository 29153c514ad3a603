"""What a stack is made of and what reaches what, gathered from its resources for the picture of it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from infra.inventory import Inventory, Resource


@dataclass(frozen=True)
class Part:
    """One box of the picture: several resources that belong together."""

    name: str
    kind: str
    """Of pictures.FILLS."""
    column: int
    """0: what calls, 1: what runs, 2: what is kept and used."""
    facts: tuple[str, ...]


@dataclass(frozen=True)
class Way:
    """That one part reaches another, and by what."""

    start: str
    end: str
    what: str


def parts(stack: Inventory) -> list[Part]:
    """The boxes, from left to right and from top to bottom."""
    return [*_callers(stack), *_web(stack), *_deployables(stack), *_database(stack), *_outside(stack), *_kept(stack)]


def ways(stack: Inventory) -> list[Way]:
    """What reaches what: URL map, subscriptions, schedules, and every right that was granted to a deployable."""
    found = {*_routed(stack), *_pushed(stack), *_scheduled(stack), *_granted(stack), *_by_secret(stack)}
    return sorted(found, key=lambda way: (way.start, way.end, way.what))


def _callers(stack: Inventory) -> Iterator[Part]:
    (tls,), armor = stack.of("SSLPolicy"), stack.of("SecurityPolicy")
    (certificate,) = stack.of("ManagedSslCertificate")
    shown = (
        certificate.inputs["managed"]["domains"][0],
        f"{tls.inputs['minTlsVersion'].replace('_', ' ', 1).replace('_', '.')} or newer, HSTS",
        f"Cloud Armor: {len(armor[0].inputs['rules'])} rules" if armor else "without Cloud Armor",
        "HTTP only redirects",
    )
    yield Part("Load balancer", "edge", 0, shown)
    jobs = stack.of("cloudscheduler/job:Job")
    each_minute = sum(job.inputs["schedule"] == "* * * * *" for job in jobs)
    yield Part("Scheduler", "clock", 0, (f"{each_minute} jobs each minute", f"{len(jobs) - each_minute} more seldom"))
    pushes = [found for found in stack.of("Subscription") if found.inputs.get("pushConfig")]
    yield Part("Pub/Sub", "store", 0, (f"{len(pushes)} push subscriptions", "OIDC, retries, dead letters"))
    checks, alerts = stack.of("UptimeCheckConfig"), stack.of("AlertPolicy")
    (budget,) = stack.of("Budget")
    money = f"${int(budget.inputs['amount']['specifiedAmount']['units']):,}"
    facts = (f"{len(checks)} looks from outside", f"{len(alerts)} alerts", f"budget {money} a month")
    yield Part("Watching", "clock", 0, facts)


def _deployables(stack: Inventory) -> Iterator[Part]:
    for found in stack.of("Function"):
        service = found.inputs["serviceConfig"]
        kept = len(service.get("secretEnvironmentVariables", ()))
        facts = (
            f"{_scale(service)} instances, {service['maxInstanceRequestConcurrency']:.0f} at once each",
            f"{service['availableMemory']} · {kept} secrets",
        )
        yield Part(found.name, "part", 1, facts)
    for found in stack.of("Service"):
        template = found.inputs["template"]
        limits = template["containers"][0]["resources"]["limits"]
        at_once = f"{template['maxInstanceRequestConcurrency']:,.0f} at once"
        facts = (
            f"{_scale(template['scaling'])} instances, {at_once} each",
            f"{limits['cpu']} CPU, {limits['memory']} · Cloud Run",
        )
        yield Part(found.name, "run", 1, facts)
    for found in stack.of("cloudrunv2/job:Job"):
        limits = found.inputs["template"]["template"]["containers"][0]["resources"]["limits"]
        yield Part(found.name, "run", 1, (f"job · {limits['cpu']} CPU, {limits['memory']}",))


def _scale(of: dict[str, Any]) -> str:
    return f"{of.get('minInstanceCount', 0):.0f} to {of['maxInstanceCount']:.0f}"


def _web(stack: Inventory) -> Iterator[Part]:
    for name in sorted(_served_all(stack)):
        yield Part(name, "store", 1, ("the web client, by the CDN",))


def _served(backend: Resource, stack: Inventory) -> str:
    return next(f"Bucket {found.name}" for found in stack.of("Bucket") if _same(found, backend))


def _same(bucket: Resource, backend: Resource) -> bool:
    return bool(bucket.inputs["name"] == backend.inputs["bucketName"])


def _database(stack: Inventory) -> Iterator[Part]:
    for found in stack.of("DatabaseInstance"):
        settings = found.inputs["settings"]
        yield Part("Cloud SQL", "store", 2, (f"{settings['tier']}, {settings['availabilityType'].lower()}",))


def _kept(stack: Inventory) -> Iterator[Part]:
    yield Part("Events", "store", 2, (f"topics: {', '.join(_short(topic) for topic in stack.of('Topic'))}",))
    written = {way.end for way in _granted(stack)}
    buckets = [part for part in map(_bucket, stack.of("Bucket")) if part.name not in _served_all(stack)]
    # Those that a deployable reaches come first, so that threads are short.
    yield from sorted(buckets, key=lambda part: (part.name not in written, part.name))
    keys = stack.of("CryptoKey")
    secrets = f"{len(stack.of('Secret'))} secrets, each read by whom it is for"
    yield Part("Secret Manager", "store", 2, (secrets, f"{len(keys)} KMS keys" if keys else "under Google's keys"))
    yield Part("Artifact Registry", "store", 2, (", ".join(found.name for found in stack.of("Repository")),))


def _bucket(found: Resource) -> Part:
    return Part(f"Bucket {found.name}", "store", 2, (_guarded(found),))


def _served_all(stack: Inventory) -> set[str]:
    return {_served(found, stack) for found in stack.of("BackendBucket")}


def _short(topic: Resource) -> str:
    return topic.name.removesuffix("-topic")


def _guarded(bucket: Resource) -> str:
    said = bucket.inputs
    facts = ["private" if said.get("publicAccessPrevention") == "enforced" else "public"]
    facts += ["versions"] if said.get("versioning", {}).get("enabled") else []
    facts += ["locked"] if said.get("retentionPolicy") else []
    facts += ["own key"] if said.get("encryption") else []
    return ", ".join(facts)


OUTSIDE: Final = {
    "CockroachDB": ("database-url", "by its secret, verified TLS"),
    "Upstash Redis": ("upstash-redis-rest-token", "by its secret, TLS"),
    "Mail": ("smtp-url", "SMTP with TLS"),
    "Zoom": ("zoom-account-id", "meetings and webhooks"),
}
"""Vendors by the secret that leads to them."""


def _outside(stack: Inventory) -> Iterator[Part]:
    kept = {found.name for found in stack.of("Secret")}
    for name, (secret, fact) in OUTSIDE.items():
        if secret in kept and (name != "CockroachDB" or stack.without_cloud_sql):
            yield Part(name, "outside", 2, (fact,))


def _routed(stack: Inventory) -> Iterator[Way]:
    groups = {f"{found.name}-id": _service(found, stack) for found in stack.of("RegionNetworkEndpointGroup")}
    for backend in stack.of("BackendService"):
        for served in backend.inputs["backends"]:
            yield Way("Load balancer", groups[served["group"]], "internet")
    for name in sorted(_served_all(stack)):
        yield Way("Load balancer", name, "internet")


def _service(group: Resource, stack: Inventory) -> str:
    called = group.inputs["cloudRun"]["service"]
    return next(found.name for found in _running(stack) if found.inputs["name"] == called)


def _running(stack: Inventory) -> list[Resource]:
    return [*stack.of("Function"), *stack.of("Service"), *stack.of("cloudrunv2/job:Job")]


def _at(url: str, stack: Inventory) -> str:
    return next(found.name for found in _running(stack) if f"//{found.name}.a." in url or f"/{found.name}-id:" in url)


def _pushed(stack: Inventory) -> Iterator[Way]:
    for found in stack.of("Subscription"):
        if found.inputs.get("pushConfig"):
            yield Way("Pub/Sub", _at(found.inputs["pushConfig"]["pushEndpoint"], stack), "events")


def _scheduled(stack: Inventory) -> Iterator[Way]:
    for found in stack.of("cloudscheduler/job:Job"):
        yield Way("Scheduler", _at(found.inputs["httpTarget"]["uri"], stack), "clock")


def _granted(stack: Inventory) -> Iterator[Way]:
    """Rights on another part; what a deployable may do as itself, and what builds, are no ways between parts."""
    who = {f"serviceAccount:{_account(found)}": found.name for found in _running(stack)}
    buckets = {found.inputs["name"]: f"Bucket {found.name}" for found in stack.of("Bucket")}
    called = {found.inputs["name"]: found.name for found in _running(stack)}
    for found in stack:
        actor = who.get(str(found.inputs.get("member")))
        if actor is None:
            continue
        if found.type.endswith("BucketIAMMember"):
            yield Way(actor, buckets[found.inputs["bucket"]], "keeps")
        elif found.type.endswith("TopicIAMMember"):
            yield Way(actor, "Events", "publishes")
        elif found.type.endswith((":ServiceIamMember", ":JobIamMember")):
            yield Way(actor, called[found.inputs["name"]], "calls")


def _account(running: Resource) -> str:
    said = running.inputs
    if "serviceConfig" in said:
        return str(said["serviceConfig"]["serviceAccountEmail"])
    template = said["template"]
    return str(template.get("template", template)["serviceAccount"])


def _by_secret(stack: Inventory) -> Iterator[Way]:
    """Who is let read the secret that leads to a vendor, or to the database."""
    who = {f"serviceAccount:{_account(found)}": found.name for found in _running(stack)}
    leads = {f"{secret}-id": name for name, (secret, _) in OUTSIDE.items()}
    leads["migrations-database-url-id"] = "CockroachDB"
    for found in stack.of("SecretIamMember"):
        actor, vendor = who.get(found.inputs["member"]), leads.get(found.inputs["secretId"])
        if actor and vendor:
            inside = vendor == "CockroachDB" and not stack.without_cloud_sql
            yield Way(actor, "Cloud SQL" if inside else vendor, "asks")
