"""Where data lies: under our keys, in our region, open to nobody, and as long as it has to."""

import pytest

from tests.infra.conftest import make
from tests.infra.provisioned import Provisioned

SEVEN_YEARS = 7 * 365 * 24 * 3600


def test_no_bucket_but_the_web_clients_can_be_made_public(stack: Provisioned) -> None:
    buckets = {found.name: found.get("publicAccessPrevention") for found in stack.of("Bucket")}
    assert buckets.pop("web") is None
    assert set(buckets) == {"files", "models", "archives", "audit", "audit-heads"}
    assert set(buckets.values()) == {"enforced"}
    public = {
        grant["bucket"] for grant in stack.of("BucketIAMMember") if grant["member"].startswith(("allUsers", "allAuth"))
    }
    assert public == {stack.one("Bucket", "web")["name"]}


def test_no_bucket_has_rights_of_single_objects(stack: Provisioned) -> None:
    assert all(found["uniformBucketLevelAccess"] is True for found in stack.of("Bucket"))


def test_a_deleted_file_is_gone(stack: Provisioned) -> None:
    files = stack.one("Bucket", "files")
    assert files["softDeletePolicy"] == {"retentionDurationSeconds": 0}
    assert files["versioning"] == {"enabled": False}


def test_only_our_own_pages_may_send_and_fetch_files(stack: Provisioned) -> None:
    (cors,) = stack.one("Bucket", "files")["cors"]
    (certificate,) = stack.of("ManagedSslCertificate")
    assert cors["origins"] == [f"https://{domain}" for domain in certificate["managed"]["domains"]]
    assert cors["methods"] == ["PUT", "GET"]
    assert cors["responseHeaders"] == ["content-type", "x-goog-content-length-range", "x-goog-if-generation-match"]


def test_models_keep_their_versions(stack: Provisioned) -> None:
    models = stack.one("Bucket", "models")
    assert models["versioning"] == {"enabled": True}
    old = models["lifecycleRules"][0]
    assert old["action"] == {"type": "Delete"}
    assert old["condition"] == {"numNewerVersions": 10, "withState": "ARCHIVED"}


def test_what_a_training_left_behind_is_gone_after_a_week_and_nothing_else_is(stack: Provisioned) -> None:
    left = stack.one("Bucket", "models")["lifecycleRules"][1]
    assert left["action"] == {"type": "Delete"}
    assert left["condition"] == {"age": 7.0, "matchesPrefixes": ["models/unfinished/"], "withState": "ANY"}
    job = stack.one("cloudrunv2/job:Job", "retrain")["template"]["template"]
    (url,) = [entry["value"] for entry in job["containers"][0]["envs"] if entry["name"] == "MODELS_URL"]
    assert url == f"gs://{stack.one('Bucket', 'models')['name']}/models"


def test_the_trail_of_the_cloud_itself_cannot_be_shortened_in_production(prod: Provisioned) -> None:
    policy = prod.one("Bucket", "audit")["retentionPolicy"]
    assert policy["isLocked"] is True
    assert int(policy["retentionPeriod"]) >= SEVEN_YEARS
    sink = prod.one("ProjectSink", "audit-sink")
    assert sink["destination"] == f"storage.googleapis.com/{prod.one('Bucket', 'audit')['name']}"
    assert sink["filter"] == 'logName:"cloudaudit.googleapis.com"'


def test_what_is_logged_stays_in_the_region_and_has_no_copy_elsewhere(prod: Provisioned) -> None:
    bucket = prod.one("ProjectBucketConfig", "logs")
    assert (bucket["location"], bucket["bucketId"], bucket["retentionDays"]) == ("us-west2", "bloom-prod-logs", 90)
    sink, left_out = prod.one("ProjectSink", "logs-sink"), prod.one("ProjectExclusion", "logs-elsewhere")
    assert sink["destination"] == "logging.googleapis.com/logs-id"
    assert sink["filter"] == left_out["filter"]
    for label in ("service_name", "job_name", "job_id"):
        assert f'resource.labels.{label}:"bloom-prod-"' in sink["filter"]
    assert not left_out.get("disabled")


def test_a_preview_takes_no_name_that_its_next_one_would_miss() -> None:
    assert not make("pr-7").of("ProjectBucketConfig")


def test_what_the_products_own_trail_came_to_cannot_be_changed_for_as_long_as_it_is_kept(prod: Provisioned) -> None:
    heads = prod.one("Bucket", "audit-heads")
    assert heads["retentionPolicy"]["isLocked"] is True
    assert int(heads["retentionPolicy"]["retentionPeriod"]) >= SEVEN_YEARS
    plain = prod.one("Function", "admin")["serviceConfig"]["environmentVariables"]
    assert plain["AUDIT_BUCKET_URL"] == f"gs://{heads['name']}"


def test_a_preview_locks_nothing_that_would_outlive_it() -> None:
    assert make("pr-7").one("Bucket", "audit").get("retentionPolicy") is None
    assert all(found["forceDestroy"] is True for found in make("pr-7").of("Bucket"))


def test_production_keeps_its_data_under_keys_of_our_own(prod: Provisioned) -> None:
    for found in prod.of("Bucket"):
        if found.name != "web":
            assert found["encryption"] == {"defaultKmsKeyName": "storage-key-id"}
    assert len(prod.of("Topic")) == 3
    assert {found["kmsKeyName"] for found in prod.of("Topic")} == {"pubsub-key-id"}
    assert {found["kmsKeyName"] for found in prod.of("Repository")} == {"registry-key-id"}
    assert prod.one("DatabaseInstance", "database")["encryptionKeyName"] == "database-key-id"
    for secret in prod.of("Secret"):
        (replica,) = secret["replication"]["userManaged"]["replicas"]
        assert replica["customerManagedEncryption"] == {"kmsKeyName": "secrets-key-id"}


def test_keys_are_renewed_and_not_lost_by_a_slip(prod: Provisioned) -> None:
    for key in prod.of("CryptoKey"):
        assert int(key["rotationPeriod"].removesuffix("s")) <= 90 * 24 * 3600
        assert int(key["destroyScheduledDuration"].removesuffix("s")) >= 30 * 24 * 3600


def test_production_is_not_deleted_by_a_slip(prod: Provisioned) -> None:
    guarded = [*prod.of("cloudrunv2/service:Service"), *prod.of("cloudrunv2/job:Job"), *prod.of("Secret")]
    guarded += prod.of("DatabaseInstance")
    assert len(guarded) >= 20
    assert all(found["deletionProtection"] is True for found in guarded)
    assert prod.one("DatabaseInstance", "database")["settings"]["deletionProtectionEnabled"] is True
    assert all(found["forceDestroy"] is False for found in prod.of("Bucket"))


def test_cloud_sql_has_no_public_address_and_refuses_plain_connections(prod: Provisioned) -> None:
    way = prod.one("DatabaseInstance", "database")["settings"]["ipConfiguration"]
    assert way == {"ipv4Enabled": False, "privateNetwork": "network-id", "sslMode": "ENCRYPTED_ONLY"}


def test_cloud_sql_survives_a_zone_and_can_go_back_to_any_moment_of_a_week(prod: Provisioned) -> None:
    settings = prod.one("DatabaseInstance", "database")["settings"]
    assert settings["availabilityType"] == "REGIONAL"
    backup = settings["backupConfiguration"]
    assert backup["enabled"] is True
    assert backup["pointInTimeRecoveryEnabled"] is True
    assert backup["transactionLogRetentionDays"] == 7
    assert backup["backupRetentionSettings"]["retainedBackups"] == 30


def test_what_uses_cloud_sql_reaches_its_private_address(prod: Provisioned) -> None:
    for function in prod.of("Function"):
        assert function["serviceConfig"]["directVpcNetworkInterfaces"] == [
            {"network": "network-id", "subnetwork": "subnetwork-id"}
        ]
        assert function["serviceConfig"]["directVpcEgress"] == "VPC_EGRESS_PRIVATE_RANGES_ONLY"
    relay = prod.one("cloudrunv2/service:Service", "realtime")["template"]["vpcAccess"]
    jobs = [found["template"]["template"]["vpcAccess"] for found in prod.of("cloudrunv2/job:Job")]
    for access in (relay, *jobs):
        assert access["egress"] == "PRIVATE_RANGES_ONLY"
        assert access["networkInterfaces"] == [{"network": "network-id", "subnetwork": "subnetwork-id"}]


def test_with_a_gpu_the_classifier_alone_is_elsewhere_and_nothing_is_kept_there() -> None:
    made = make("prod", inferenceGpu="nvidia-l4", gpuRegion="us-central1")
    away = {found.name for found in made.resources if "us-central1" in (found.get("location"), found.get("region"))}
    callers = {"messages-asks-inference", "ml-feedback-asks-inference", "ml-feedback-changes-inference"}
    assert away == {"inference", *callers}
    image = made.one("cloudrunv2/service:Service", "inference")["template"]["containers"][0]["image"]
    assert image.startswith("us-west2-docker.pkg.dev/")


def test_with_a_gpu_for_it_the_training_is_elsewhere_and_nothing_else() -> None:
    made = make("prod", retrainGpu="nvidia-l4", gpuRegion="us-central1")
    away = {found.name for found in made.resources if "us-central1" in (found.get("location"), found.get("region"))}
    assert away == {"retrain", "ml-feedback-starts-retraining"}


@pytest.mark.parametrize("region", ["us-west2", "europe-west3"])
def test_nothing_is_outside_the_configured_region(region: str) -> None:
    made = make("prod", region=region, database="cloud-sql")
    places = [found.inputs[name] for found in made.resources for name in ("location", "region") if name in found.inputs]
    for secret in made.of("Secret"):
        places += [replica["location"] for replica in secret["replication"]["userManaged"]["replicas"]]
    for topic in made.of("Topic"):
        places += topic["messageStoragePolicy"]["allowedPersistenceRegions"]
    places.append(made.one("DatabaseInstance", "database")["settings"]["backupConfiguration"]["location"])
    assert len(places) > 60
    assert set(places) == {region}
    images = [found["template"]["containers"][0]["image"] for found in made.of("cloudrunv2/service:Service")]
    assert all(image.startswith(f"{region}-docker.pkg.dev/") for image in images)


def test_all_that_can_carry_labels_says_whose_it_is(stack: Provisioned) -> None:
    import inspect

    import pulumi_gcp

    whose = {"product": "bloom", "stack": stack.stack, "managed-by": "pulumi"}
    labelled = 0
    for found in stack.resources:
        module, _, kind = found.type.removeprefix("gcp:").partition("/")
        known = inspect.signature(
            getattr(getattr(pulumi_gcp, module), kind.partition(":")[2])._internal_init
        ).parameters
        if found.type.endswith("NotificationChannel"):  # its labels are its address
            assert found["userLabels"] == whose
        elif "labels" in known:
            assert found.get("labels") == whose, found.name
            labelled += 1
        elif "user_labels" in known:
            assert found.get("userLabels") == whose, found.name
            labelled += 1
    assert labelled > 50
