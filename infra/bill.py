"""A stack's bill of a month, line by line, from its own resources, the price table and the stated usage."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from infra.cockroach import CPUS_A_NODE, NODES
from infra.inventory import Inventory, Resource
from infra.price_table import PriceTable

SECONDS: Final = 730 * 3600.0
HOURS: Final = 730.0
MINUTES: Final = HOURS * 60
COMPUTE, WAY_IN, DATA, WATCH = "compute", "way in", "data", "keys, clocks and watch"


@dataclass(frozen=True)
class Line:
    """One line of the bill."""

    group: str
    what: str
    why: str
    usd: float


@dataclass(frozen=True)
class Estimate:
    """A stack, how many use it, and the prices it is reckoned with."""

    stack: Inventory
    users: int
    table: PriceTable

    def each(self, usage: str) -> float:
        """How much of something all users do in a month."""
        return self.users * self.table.usage[usage]

    @property
    def ticks(self) -> float:
        """Calls of Cloud Scheduler in a month that matter: those of every minute."""
        jobs = self.stack.of("cloudscheduler/job:Job")
        return MINUTES * float(sum(job.inputs["schedule"] == "* * * * *" for job in jobs))

    @property
    def looks(self) -> float:
        """Looks of the uptime checks in a month."""
        places = (len(check.inputs["selectedRegions"]) for check in self.stack.of("UptimeCheckConfig"))
        return MINUTES * float(sum(places))

    @property
    def requests(self) -> float:
        """All requests in a month, with ticks and looks."""
        return self.each("requests") + self.ticks + self.looks

    @property
    def peak(self) -> float:
        """Users' requests a second in the busiest minute."""
        return self.each("requests") / SECONDS * self.table.usage["peak"]

    def lines(self) -> list[Line]:
        """The bill."""
        return [*self._compute(), *self._way_in(), *self._data(), *self._watch()]

    def total(self) -> float:
        """Their sum, in US dollars a month."""
        return sum(line.usd for line in self.lines())

    def _compute(self) -> Iterator[Line]:
        use, cost = self.table.usage, self.table.cost
        functions = self.stack.of("Function")
        gib = sum(_gib(_memory(found)) for found in functions) / len(functions)
        seconds = (
            self.each("requests") * use["request_seconds"]
            + self.ticks * use["tick_seconds"]
            + self.looks * use["check_seconds"]
        )
        busy = cost("cpu_busy", seconds) + cost("memory_busy", seconds * gib) + cost("request", self.requests)
        yield Line(COMPUTE, "functions, at work", f"{_short(self.requests)} requests, {_short(seconds)} s", busy)
        yield from self._kept_warm()
        yield self._classifier()
        yield self._relay()
        yield self._training()

    def _classifier(self) -> Line:
        cost, template = self.table.cost, _named(self.stack, "Service", "inference").inputs["template"]
        cpu, memory = _size(template["containers"][0])
        read = self.each("messages") * self.table.usage["classified_seconds"]
        if not _has_gpu(template):
            usd = cost("cpu_busy", read * cpu) + cost("memory_busy", read * memory)
            return Line(COMPUTE, "classifier, at work", f"{_short(self.each('messages'))} messages", usd)
        seconds = max(SECONDS * _fewest(template), read)  # paid for as long as the instance lives
        usd = cost("gpu_second", seconds) + cost("cpu_always", seconds * cpu) + cost("memory_always", seconds * memory)
        return Line(COMPUTE, "classifier, with a GPU", f"{seconds / 3600:,.0f} hours of an instance", usd)

    def _kept_warm(self) -> Iterator[Line]:
        sizes = [
            (found.inputs["serviceConfig"].get("minInstanceCount", 0), 1.0, _gib(_memory(found)))
            for found in self.stack.of("Function")
        ]
        classifier = _named(self.stack, "Service", "inference").inputs["template"]
        if not _has_gpu(classifier):
            sizes.append((_fewest(classifier), *_size(classifier["containers"][0])))
        kept = sum(fewest for fewest, _, _ in sizes)
        usd = sum(
            self.table.cost("cpu_idle", SECONDS * fewest * cpu) + self.table.cost("memory_idle", SECONDS * fewest * gib)
            for fewest, cpu, gib in sizes
        )
        if kept:
            yield Line(COMPUTE, "kept warm", f"{kept:.0f} instances on the way of an alert", usd)

    def _relay(self) -> Line:
        use, template = self.table.usage, _named(self.stack, "Service", "realtime").inputs["template"]
        fewest, (cpu, memory) = _fewest(template), _size(template["containers"][0])
        hours = self.each("socket_hours")
        # Few sockets rarely overlap: an hour of one is an hour of an instance, until one instance never ends.
        instances = max(fewest, min(hours / HOURS, 1), hours / HOURS / use["sockets_an_instance"])
        usd = self.table.cost("cpu_always", SECONDS * instances * cpu)
        usd += self.table.cost("memory_always", SECONDS * instances * memory)
        peak = max(fewest, math.ceil(self.users * use["sockets_at_peak"] / use["sockets_an_instance"]))
        return Line(COMPUTE, "relay", f"{instances:.1f} instances on average, {peak:.0f} at the peak", usd)

    def _training(self) -> Line:
        job = _named(self.stack, "cloudrunv2/job:Job", "retrain").inputs["template"]["template"]
        cpu, memory = _size(job["containers"][0])
        seconds = self.table.usage["training_hours"] * 3600 * 52 / 12
        usd = self.table.cost("cpu_always", seconds * cpu) + self.table.cost("memory_always", seconds * memory)
        usd += self.table.cost("gpu_second", seconds) if _has_gpu(job) else 0
        return Line(COMPUTE, "retraining", "weekly; Cloud Run offers no spot capacity", usd)

    def _way_in(self) -> Iterator[Line]:
        cost, use = self.table.cost, self.table.usage
        come_in = self.each("requests") + self.looks
        answers = (self.each("requests") * use["answer_kib"] + self.looks) / 2**20
        client = self.each("client_mib") / 2**10
        yield Line(WAY_IN, "load balancer", "rules of one address", cost("forwarding_rules", 1))
        usd = cost("balanced_gib", 2 * answers) + cost("egress_gib", answers) + cost("cdn_gib", client)
        yield Line(WAY_IN, "traffic", f"{answers + client:,.0f} GiB, the client from the CDN", usd)
        for policy in self.stack.of("SecurityPolicy"):
            rules = len(policy.inputs["rules"]) - 1  # the default one is free
            usd = cost("armor_policy", 1) + cost("armor_rule", rules) + cost("armor_request", come_in)
            yield Line(WAY_IN, "Cloud Armor", f"one policy, {rules} rules", usd)

    def _data(self) -> Iterator[Line]:
        cost, use = self.table.cost, self.table.usage
        rows = self.each("messages") * use["kept_months"] * use["row_kib"] / 2**20
        yield self._cockroach(rows) if self.stack.without_cloud_sql else self._cloud_sql(rows)
        commands = self.each("requests") * use["redis_commands"] + self.ticks
        usd = min(cost("redis_command", commands), cost("redis_fixed", 1))
        usd += cost("redis_production", 1) if self.stack.production else 0
        yield Line(DATA, "Upstash Redis", f"{_short(commands)} commands", usd)
        files = self.each("file_mib") * use["kept_months"] / 2**10
        yield Line(
            DATA, "buckets", f"{files:,.0f} GiB after {use['kept_months']} months", cost("stored_gib", files + 5)
        )
        yield Line(DATA, "images and builds", "10 GiB", cost("image_gib", 10))
        events = (self.each("messages") + self.each("mails")) * 2 / 2**20  # each counts as a KiB at least, in and out
        yield Line(DATA, "Pub/Sub", f"{events:,.1f} GiB", cost("pubsub_gib", events))
        yield Line(DATA, "mails", _short(self.each("mails")), cost("mail", self.each("mails")))

    def _cockroach(self, rows: float) -> Line:
        cost, use = self.table.cost, self.table.usage
        if not (self.stack.production or self.stack.stack == "qa"):
            units = (self.each("requests") + self.ticks) * use["units"] / 1e6
            usd = cost("cockroach_million_units", units) + cost("cockroach_gib", rows)
            return Line(DATA, "CockroachDB Basic", f"{units:,.0f} million request units", usd)
        plan, fewest = ("advanced", NODES * CPUS_A_NODE) if self.stack.production else ("standard", 2)
        cpus = max(fewest, math.ceil(self.peak / use["requests_a_database_cpu"]))
        usd = cost(f"cockroach_{plan}_cpu_hour", cpus * HOURS) + cost("cockroach_gib", rows)
        return Line(DATA, f"CockroachDB {plan.title()}", f"{cpus} vCPU, {rows:,.0f} GiB", usd)

    def _cloud_sql(self, rows: float) -> Line:
        settings = self.stack.of("DatabaseInstance")[0].inputs["settings"]
        tier, twice = settings["tier"], 2 if settings["availabilityType"] == "REGIONAL" else 1
        hourly = self.table.cost("sql_smallest_hour", 1)
        if tier.startswith("db-custom-"):
            cpu, mib = map(int, tier.removeprefix("db-custom-").split("-"))
            hourly = self.table.cost("sql_cpu_hour", cpu) + self.table.cost("sql_memory_hour", mib / 1024)
        usd = twice * (hourly * HOURS + self.table.cost("sql_gib", rows + 10))
        return Line(DATA, "Cloud SQL", f"{tier}, {twice} zone{'s'[: twice - 1]}", usd)

    def _watch(self) -> Iterator[Line]:
        cost = self.table.cost
        keys, secrets = len(self.stack.of("CryptoKey")), len(self.stack.of("Secret"))
        if keys:
            versions = keys * 8  # turned each 90 days, after two years
            yield Line(WATCH, "KMS", f"{keys} keys, after two years of turning", cost("key_version", versions))
        yield Line(WATCH, "Secret Manager", f"{secrets} secrets", cost("secret_version", secrets))
        jobs = len(self.stack.of("cloudscheduler/job:Job"))
        yield Line(WATCH, "Cloud Scheduler", f"{jobs} jobs", cost("scheduled_job", jobs))
        logs = self.requests * self.table.usage["log_kib"] / 2**20
        yield Line(WATCH, "logs", f"{logs:,.0f} GiB, 50 free", cost("log_gib", logs))
        checks = len(self.stack.of("UptimeCheckConfig"))
        usd = cost("uptime_check", self.looks)
        yield Line(WATCH, "uptime checks", f"{checks}, each minute, {_short(self.looks)} looks, a million free", usd)
        conditions = sum(len(policy.inputs["conditions"]) for policy in self.stack.of("AlertPolicy"))
        yield Line(WATCH, "alerts", f"{conditions} conditions", cost("alert_condition", conditions))
        if [found for found in self.stack.of("Secret") if found.name.startswith("grafana-")]:
            yield Line(WATCH, "Grafana", "one plan", cost("grafana", 1))


def _named(stack: Inventory, kind: str, name: str) -> Resource:
    return next(found for found in stack.of(kind) if found.name == name)


def _fewest(template: dict[str, Any]) -> float:
    return float(template["scaling"].get("minInstanceCount", 0))


def _has_gpu(template: dict[str, Any]) -> bool:
    return bool(template.get("nodeSelector"))


def _size(container: dict[str, Any]) -> tuple[float, float]:
    limits = container["resources"]["limits"]
    return float(limits["cpu"]), _gib(limits["memory"])


def _memory(function: Resource) -> str:
    return str(function.inputs["serviceConfig"]["availableMemory"])


def _gib(memory: str) -> float:
    return float(memory[:-2]) / (1024 if memory.endswith("Mi") else 1)


def _short(quantity: float) -> str:
    for size, letter in ((1e9, " billion"), (1e6, " million"), (1e3, " thousand")):
        if quantity >= size:
            return f"{quantity / size:,.1f}{letter}"
    return f"{quantity:,.0f}"
