"""The program run against a cloud that is not there: every resource it asks for, as its provider would be sent it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pulumi
import yaml
from pulumi.runtime import MockCallArgs, MockResourceArgs, Mocks

from infra.package import ROOT
from infra.vendors import VENDORS

NUMBER = "123456789012"

KNOWN: dict[str, set[str]] = {
    "cockroach:index/allowList:AllowList": {"clusterId", "cidrIp", "cidrMask", "sql", "ui"},
    "cockroach:index/cluster:Cluster": {"name", "cloudProvider", "plan", "regions", "backupConfig", "deleteProtection"},
    "cockroach:index/database:Database": {"clusterId", "name"},
    "cockroach:index/sqlUser:SqlUser": {"clusterId", "name"},
    "upstash:index/redisDatabase:RedisDatabase": {"databaseName", "region", "primaryRegion", "tls", "eviction"},
    "gcp:artifactregistry/repository:Repository": {"repositoryId", "location", "format"},
    "gcp:artifactregistry/repositoryIamMember:RepositoryIamMember": {"repository", "location", "role", "member"},
    "gcp:billing/budget:Budget": {"billingAccount", "amount", "thresholdRules", "budgetFilter"},
    "gcp:cloudfunctionsv2/function:Function": {"name", "location", "buildConfig", "serviceConfig"},
    "gcp:cloudrunv2/job:Job": {"name", "location", "template"},
    "gcp:cloudrunv2/jobIamMember:JobIamMember": {"name", "location", "role", "member"},
    "gcp:cloudrunv2/service:Service": {"name", "location", "template", "ingress"},
    "gcp:cloudrunv2/serviceIamMember:ServiceIamMember": {"name", "location", "role", "member"},
    "gcp:cloudscheduler/job:Job": {"name", "region", "schedule", "timeZone", "httpTarget"},
    "gcp:compute/backendBucket:BackendBucket": {"bucketName"},
    "gcp:compute/backendService:BackendService": {"backends", "loadBalancingScheme"},
    "gcp:compute/globalAddress:GlobalAddress": {"name"},
    "gcp:compute/globalForwardingRule:GlobalForwardingRule": {"target", "portRange", "ipAddress"},
    "gcp:compute/managedSslCertificate:ManagedSslCertificate": {"managed"},
    "gcp:compute/network:Network": {"autoCreateSubnetworks"},
    "gcp:compute/regionNetworkEndpointGroup:RegionNetworkEndpointGroup": {"region", "cloudRun"},
    "gcp:compute/sSLPolicy:SSLPolicy": {"profile", "minTlsVersion"},
    "gcp:compute/securityPolicy:SecurityPolicy": {"rules"},
    "gcp:compute/subnetwork:Subnetwork": {"network", "region", "ipCidrRange"},
    "gcp:compute/targetHttpProxy:TargetHttpProxy": {"urlMap"},
    "gcp:compute/targetHttpsProxy:TargetHttpsProxy": {"urlMap", "sslCertificates", "sslPolicy"},
    "gcp:compute/uRLMap:URLMap": {"name"},
    "gcp:kms/cryptoKey:CryptoKey": {"keyRing", "rotationPeriod", "purpose"},
    "gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember": {"cryptoKeyId", "role", "member"},
    "gcp:kms/keyRing:KeyRing": {"location"},
    "gcp:logging/metric:Metric": {"filter", "metricDescriptor"},
    "gcp:logging/projectBucketConfig:ProjectBucketConfig": {"project", "location", "bucketId", "retentionDays"},
    "gcp:logging/projectExclusion:ProjectExclusion": {"name", "filter"},
    "gcp:logging/projectSink:ProjectSink": {"destination", "filter", "uniqueWriterIdentity"},
    "gcp:monitoring/alertPolicy:AlertPolicy": {"conditions", "combiner", "notificationChannels"},
    "gcp:monitoring/notificationChannel:NotificationChannel": {"type", "labels"},
    "gcp:monitoring/uptimeCheckConfig:UptimeCheckConfig": {"httpCheck", "monitoredResource", "timeout"},
    "gcp:projects/iAMMember:IAMMember": {"project", "role", "member"},
    "gcp:pubsub/subscription:Subscription": {"topic", "ackDeadlineSeconds", "expirationPolicy"},
    "gcp:pubsub/subscriptionIAMMember:SubscriptionIAMMember": {"subscription", "role", "member"},
    "gcp:pubsub/topic:Topic": {"name", "messageStoragePolicy"},
    "gcp:pubsub/topicIAMMember:TopicIAMMember": {"topic", "role", "member"},
    "gcp:secretmanager/secret:Secret": {"secretId", "replication"},
    "gcp:secretmanager/secretVersion:SecretVersion": {"secret", "secretData"},
    "gcp:secretmanager/secretIamMember:SecretIamMember": {"secretId", "role", "member"},
    "gcp:serviceaccount/account:Account": {"accountId", "displayName"},
    "gcp:serviceaccount/iAMMember:IAMMember": {"serviceAccountId", "role", "member"},
    "gcp:servicenetworking/connection:Connection": {"network", "service", "reservedPeeringRanges"},
    "gcp:sql/database:Database": {"instance", "name"},
    "gcp:sql/databaseInstance:DatabaseInstance": {"region", "databaseVersion", "settings"},
    "gcp:storage/bucket:Bucket": {"name", "location", "uniformBucketLevelAccess"},
    "gcp:storage/bucketIAMMember:BucketIAMMember": {"bucket", "role", "member"},
    "gcp:storage/bucketObject:BucketObject": {"bucket", "name", "source"},
}
"""Every type that the program may ask for, with the inputs that it must always give."""


@dataclass(frozen=True)
class Resource:
    """One resource as it was asked for; inputs are named as the provider names them."""

    type: str
    name: str
    inputs: dict[str, Any]

    def __getitem__(self, name: str) -> Any:
        return self.inputs[name]

    def get(self, name: str, default: Any = None) -> Any:
        """An input, or the default where it was not given."""
        return self.inputs.get(name, default)


@dataclass(frozen=True)
class Provisioned:
    """All resources of one stack."""

    stack: str
    resources: tuple[Resource, ...]

    def of(self, kind: str) -> list[Resource]:
        """The resources of a type, named by its end: `Secret`, `compute/network:Network`."""
        return [found for found in self.resources if found.type.endswith((f":{kind}", f"/{kind}"))]

    def one(self, kind: str, name: str) -> Resource:
        """The resource of a type with this name in the program."""
        (found,) = [resource for resource in self.of(kind) if resource.name == name]
        return found

    def grants(self) -> Iterator[Resource]:
        """Everything that lets somebody do something."""
        return (found for found in self.resources if "member" in found.inputs and "role" in found.inputs)


class Refused(Exception):
    """The program asked for what this test knows nothing of, or left out what it must give."""


class Cloud(Mocks):
    """Answers each request as the provider would once the resource stands."""

    def __init__(self) -> None:
        self.asked: list[Resource] = []

    def new_resource(self, args: MockResourceArgs) -> tuple[str | None, dict[Any, Any]]:
        if args.typ not in KNOWN:
            raise Refused(f"{args.typ} of {args.name} is of no known type")
        missing = {name for name in KNOWN[args.typ] if args.inputs.get(name) is None}
        if missing:
            raise Refused(f"{args.typ} {args.name} lacks {', '.join(sorted(missing))}")
        self.asked.append(Resource(args.typ, args.name, args.inputs))
        return f"{args.name}-id", {**args.inputs, **_made(args)}

    def call(self, args: MockCallArgs) -> tuple[dict[Any, Any], list[tuple[str, str]] | None]:
        raise Refused(f"{args.token} asks the cloud something that no setting says")


def _made(args: MockResourceArgs) -> dict[str, Any]:
    """What the provider adds to the inputs."""
    kind = args.typ.rpartition(":")[2]
    if kind == "Account":
        email = f"{args.inputs['accountId']}@{args.name}.iam.gserviceaccount.com"
        return {"email": email, "name": f"projects/p/serviceAccounts/{email}"}
    if kind == "Function":
        return {"serviceConfig": {**args.inputs["serviceConfig"], "uri": f"https://{args.name}.a.run.app"}}
    if kind == "Service":
        return {"uri": f"https://{args.name}.a.run.app"}
    added: dict[str, dict[str, Any]] = {
        "ProjectSink": {"writerIdentity": "serviceAccount:sink@gcp-sa-logging.iam.gserviceaccount.com"},
        "UptimeCheckConfig": {"uptimeCheckId": f"{args.name}-check"},
        "GlobalAddress": {"address": "203.0.113.7"},
        "DatabaseInstance": {"connectionName": "p:us-west2:database"},
        "Cluster": {"regions": [{"name": "us-west2", "sqlDns": "meek-wallaby.gcp-us-west2.cockroachlabs.cloud"}]},
        "RedisDatabase": {"endpoint": "calm-1.upstash.io", "port": 6379.0, "password": "p" * 32, "restToken": "t" * 32},
    }
    return added.get(kind, {})


def settings_of(stack: str) -> dict[str, str]:
    """A stack's settings as they are in the tree, with what only an operator knows filled in."""
    file = stack if stack in ("dev", "qa", "prod") else "pr"
    config = yaml.safe_load((ROOT / "infra" / f"Pulumi.{file}.yaml").read_text())["config"]
    config |= {"bloom:projectNumber": NUMBER, "bloom:billingAccount": "0A0A0A-0B0B0B-0C0C0C"}
    config |= {"bloom:version": "c619a13"}
    config |= {"bloom:baa": dict.fromkeys(VENDORS, "2026-01-31")}
    return {name: value if isinstance(value, str) else json.dumps(value) for name, value in config.items()}


def provisioned(stack: str, **changed: str) -> Provisioned:
    """Run the program for a stack; `changed` are settings by their names, another owner's by its name and theirs."""
    from infra.__main__ import provision
    from infra.stack import read

    cloud = Cloud()
    pulumi.runtime.set_mocks(cloud, project="bloom", stack=stack, preview=False)
    told = {name if ":" in name else f"bloom:{name}": value for name, value in changed.items()}
    pulumi.runtime.set_all_config(settings_of(stack) | told)

    @pulumi.runtime.test  # type: ignore[untyped-decorator]
    def run() -> None:
        provision(read())

    run()
    return Provisioned(stack, tuple(cloud.asked))
