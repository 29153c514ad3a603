"""Cloud Storage: attached files, models, archives of functions, the web client, and what proves who did what."""

from dataclasses import dataclass
from typing import Final

import pulumi
from pulumi_gcp import logging, storage

from infra.identities import Identities
from infra.keys import Keys
from infra.stack import Stack
from infra.web_headers import INDEX

AN_HOUR: Final = 3600
MODELS: Final = "models"
"""Folder of the trained models in their bucket."""
HOLDOUT_KEY: Final = "holdout.key"
"""Beside them: who knows it can tell whose corrections are learnt from, and whose judge what was learnt."""
UNFINISHED: Final = "unfinished"
"""Beside them: checkpoints of trainings under way."""
AUDIT_SECONDS: Final = 7 * 366 * 24 * AN_HOUR
MODEL_VERSIONS: Final = 10
UNFINISHED_DAYS: Final = 7
"""What an attempt at a training left behind for the next one: attempts follow each other within a day."""
UPLOAD_HEADERS: Final = ("content-type", "x-goog-content-length-range", "x-goog-if-generation-match")
"""Headers that a signed link binds, so that a browser has to be allowed to send them."""
AUDIT_FILTER: Final = 'logName:"cloudaudit.googleapis.com"'


@dataclass(frozen=True)
class Buckets:
    """The stack's buckets."""

    files: storage.Bucket
    models: storage.Bucket
    archives: storage.Bucket
    web: storage.Bucket
    audit: storage.Bucket
    heads: storage.Bucket
    """What the product's own trail had come to each day."""
    grants: tuple[pulumi.Resource, ...]
    """What must stand before archives can be built and models be read."""


def create(stack: Stack, identities: Identities, keys: Keys) -> Buckets:
    """The buckets, and who may do what in each."""
    files, models, archives = _files(stack, keys), _models(stack, keys), _bucket(stack, "archives", keys)
    web, audit, heads = _web(stack), _locked(stack, "audit", keys), _locked(stack, "audit-heads", keys)
    _may("messages-keeps-files", files, "roles/storage.objectUser", identities.member("messages"))
    _may("retrain-reads-models", models, "roles/storage.objectViewer", identities.member("retrain"))
    _may("retrain-adds-models", models, "roles/storage.objectCreator", identities.member("retrain"))
    finished = _finished_models(stack)
    # Of all that lies beside a model it reads the report, for administrators.
    _may("feedback-reads-models", models, "roles/storage.objectViewer", identities.member("ml_feedback"), finished)
    # It adds a head a day and looks at those that are there; nobody can change or remove one while it is kept.
    _may("admin-adds-heads", heads, "roles/storage.objectCreator", identities.member("admin"))
    _may("admin-reads-heads", heads, "roles/storage.objectViewer", identities.member("admin"))
    grants = (
        _may("inference-reads-models", models, "roles/storage.objectViewer", identities.member("inference"), finished),
        _may("builder-reads-archives", archives, "roles/storage.objectViewer", identities.member("builder")),
    )
    _may("everybody-reads-the-web-client", web, "roles/storage.objectViewer", "allUsers")
    sink = logging.ProjectSink(
        "audit-sink",
        name=stack.called("audit"),
        destination=pulumi.Output.concat("storage.googleapis.com/", audit.name),
        filter=AUDIT_FILTER,
        unique_writer_identity=True,
    )
    _may("audit-sink-writes", audit, "roles/storage.objectCreator", sink.writer_identity)
    return Buckets(files, models, archives, web, audit, heads, grants)


def _may(
    name: str,
    bucket: storage.Bucket,
    role: str,
    member: pulumi.Input[str],
    condition: storage.BucketIAMMemberConditionArgs | None = None,
) -> storage.BucketIAMMember:
    return storage.BucketIAMMember(name, bucket=bucket.name, role=role, member=member, condition=condition)


def _finished_models(stack: Stack) -> storage.BucketIAMMemberConditionArgs:
    """What those may read who only use models: neither who is held out of training, nor a training under way."""
    objects = f"projects/_/buckets/{stack.bucket_called('models')}/objects/{MODELS}"
    no_key = f'resource.name != "{objects}/{HOLDOUT_KEY}"'
    expression = f'{no_key} && !resource.name.startsWith("{objects}/{UNFINISHED}/")'
    return storage.BucketIAMMemberConditionArgs(title="finished models", expression=expression)


def _files(stack: Stack, keys: Keys) -> storage.Bucket:
    allowed = storage.BucketCorArgs(
        origins=[stack.origin], methods=["PUT", "GET"], response_headers=list(UPLOAD_HEADERS), max_age_seconds=AN_HOUR
    )
    # What a patient deletes is gone: no versions, nothing to restore.
    return _bucket(
        stack,
        "files",
        keys,
        cors=[allowed],
        versioning=storage.BucketVersioningArgs(enabled=False),
        soft_delete_policy=storage.BucketSoftDeletePolicyArgs(retention_duration_seconds=0),
    )


def _models(stack: Stack, keys: Keys) -> storage.Bucket:
    old = storage.BucketLifecycleRuleArgs(
        action=storage.BucketLifecycleRuleActionArgs(type="Delete"),
        condition=storage.BucketLifecycleRuleConditionArgs(num_newer_versions=MODEL_VERSIONS, with_state="ARCHIVED"),
    )
    left = storage.BucketLifecycleRuleArgs(
        action=storage.BucketLifecycleRuleActionArgs(type="Delete"),
        condition=storage.BucketLifecycleRuleConditionArgs(
            age=UNFINISHED_DAYS, matches_prefixes=[f"{MODELS}/{UNFINISHED}/"], with_state="ANY"
        ),
    )
    versions = storage.BucketVersioningArgs(enabled=True)
    return _bucket(stack, "models", keys, versioning=versions, lifecycle_rules=[old, left])


def _web(stack: Stack) -> storage.Bucket:
    return storage.Bucket(
        "web",
        name=stack.bucket_called("web"),
        location=stack.region,
        uniform_bucket_level_access=True,
        website=storage.BucketWebsiteArgs(main_page_suffix=INDEX),
        force_destroy=not stack.production,
        labels=stack.labels,
    )


def _locked(stack: Stack, what: str, keys: Keys) -> storage.Bucket:
    retention = storage.BucketRetentionPolicyArgs(retention_period=str(AUDIT_SECONDS), is_locked=True)
    return _bucket(stack, what, keys, retention_policy=retention if stack.production else None)


def _bucket(
    stack: Stack,
    what: str,
    keys: Keys,
    *,
    cors: list[storage.BucketCorArgs] | None = None,
    versioning: storage.BucketVersioningArgs | None = None,
    soft_delete_policy: storage.BucketSoftDeletePolicyArgs | None = None,
    lifecycle_rules: list[storage.BucketLifecycleRuleArgs] | None = None,
    retention_policy: storage.BucketRetentionPolicyArgs | None = None,
) -> storage.Bucket:
    key = keys.of("storage")
    return storage.Bucket(
        what,
        name=stack.bucket_called(what),
        location=stack.region,
        uniform_bucket_level_access=True,
        public_access_prevention="enforced",
        encryption=storage.BucketEncryptionArgs(default_kms_key_name=key) if key is not None else None,
        cors=cors,
        versioning=versioning,
        soft_delete_policy=soft_delete_policy,
        lifecycle_rules=lifecycle_rules,
        retention_policy=retention_policy,
        force_destroy=not stack.production,
        labels=stack.labels,
        opts=pulumi.ResourceOptions.merge(keys.first, pulumi.ResourceOptions(protect=stack.production)),
    )
