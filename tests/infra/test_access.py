"""Who may do what in the cloud: each right is here by name, and there is no other."""

import re

from containers.inference.training import model_store
from infra.deployable_settings import WITH_KERNEL
from infra.secret_store import SECRETS
from tests.infra.needed_settings import settings_read_by
from tests.infra.provisioned import NUMBER, Provisioned, Resource

PUBSUB = f"service-{NUMBER}@gcp-sa-pubsub.iam.gserviceaccount.com"


def who(grant: Resource) -> str:
    """The actor that a grant is for: our account by its name, anybody else as it is."""
    found = re.fullmatch(r"serviceAccount:bloom-[\w-]+@([\w]+)\.iam\.gserviceaccount\.com", grant["member"])
    return found.group(1) if found else grant["member"].removeprefix("serviceAccount:")


def rights(stack: Provisioned) -> set[tuple[str, str, str]]:
    """Actor, role and what it is over, of all grants but those to read secrets, use keys or take from subscriptions."""
    places = ("serviceAccountId", "subscription", "repository", "bucket", "topic", "name", "project")
    return {
        (who(grant), grant["role"], next(str(grant[place]) for place in places if place in grant.inputs))
        for grant in stack.grants()
        if not grant.type.endswith(("SecretIamMember", "CryptoKeyIAMMember", "SubscriptionIAMMember"))
    }


def test_everybody_may_call_only_what_the_load_balancer_stands_before(stack: Provisioned) -> None:
    open_to_all = {grant["name"] for grant in stack.of("ServiceIamMember") if grant["member"] == "allUsers"}
    functions = {found["name"]: found["serviceConfig"]["ingressSettings"] for found in stack.of("Function")}
    services = {found["name"]: found["ingress"] for found in stack.of("cloudrunv2/service:Service")}
    allowed = {"ALLOW_INTERNAL_AND_GCLB", "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER"}
    assert len(open_to_all) == 6
    assert {(functions | services)[name] for name in open_to_all} <= allowed


def test_nobody_but_messages_and_what_tries_models_may_call_inference(stack: Provisioned) -> None:
    called = [grant for grant in stack.of("ServiceIamMember") if grant["name"].endswith("-inference")]
    assert sorted((who(grant), grant["role"]) for grant in called) == [
        ("messages", "roles/run.invoker"),
        ("ml_feedback", "roles/run.developer"),
        ("ml_feedback", "roles/run.invoker"),
    ]


def test_nothing_but_the_ml_feedback_function_may_start_the_retraining(stack: Provisioned) -> None:
    (grant,) = [found for found in stack.of("JobIamMember") if found["name"] == f"bloom-{stack.stack}-retrain"]
    assert (who(grant), grant["role"]) == ("ml_feedback", "roles/run.jobsExecutorWithOverrides")


def test_there_is_no_right_beyond_these(prod: Provisioned) -> None:
    signing = "roles/iam.serviceAccountTokenCreator"
    publisher, invoker, reader = "roles/pubsub.publisher", "roles/run.invoker", "roles/storage.objectViewer"
    account = "projects/p/serviceAccounts/bloom-prod-{0}@{0}.iam.gserviceaccount.com"
    functions = ("auth", "appointments", "messages", "admin", "ml_feedback")
    assert rights(prod) == {
        *((actor, publisher, "bloom-prod-events") for actor in (*functions, "realtime")),
        *(
            (actor, "roles/cloudsql.client", "bloomhealth-prod")
            for actor in (*functions, "realtime", "retrain", "migrations", "retirement")
        ),
        *(("allUsers", invoker, f"bloom-prod-{name.replace('_', '-')}") for name in (*functions, "realtime")),
        ("messages", invoker, "bloom-prod-inference"),
        ("ml_feedback", invoker, "bloom-prod-inference"),
        ("ml_feedback", "roles/run.developer", "bloom-prod-inference"),
        ("ml_feedback", "roles/iam.serviceAccountUser", account.format("inference")),
        ("ml_feedback", "roles/artifactregistry.reader", "images-id"),
        ("messages", signing, account.format("messages")),
        ("messages", "roles/storage.objectUser", "bloomhealth-prod-prod-files"),
        ("inference", reader, "bloomhealth-prod-prod-models"),
        ("retrain", reader, "bloomhealth-prod-prod-models"),
        ("retrain", "roles/storage.objectCreator", "bloomhealth-prod-prod-models"),
        ("ml_feedback", reader, "bloomhealth-prod-prod-models"),
        ("ml_feedback", "roles/run.jobsExecutorWithOverrides", "bloom-prod-retrain"),
        ("scheduler", invoker, "bloom-prod-retirement"),
        ("admin", reader, "bloomhealth-prod-prod-audit-heads"),
        ("admin", "roles/storage.objectCreator", "bloomhealth-prod-prod-audit-heads"),
        ("builder", "roles/logging.logWriter", "bloomhealth-prod"),
        ("builder", "roles/artifactregistry.writer", "builds-id"),
        ("builder", reader, "bloomhealth-prod-prod-archives"),
        ("allUsers", reader, "bloomhealth-prod-prod-web"),
        ("sink@gcp-sa-logging.iam.gserviceaccount.com", "roles/storage.objectCreator", "bloomhealth-prod-prod-audit"),
        (PUBSUB, publisher, "bloom-prod-dead-letters"),
        (PUBSUB.replace("pubsub", "secretmanager"), publisher, "bloom-prod-rotations"),
        (PUBSUB, signing, account.format("push")),
    }


def test_who_only_uses_models_reads_neither_who_is_held_out_nor_a_training_under_way(stack: Provisioned) -> None:
    bucket = stack.one("Bucket", "models")["name"]
    readers = [
        grant
        for grant in stack.of("BucketIAMMember")
        if grant["bucket"] == bucket and grant["role"].endswith("objectViewer")
    ]
    conditions = {who(grant): grant.inputs.get("condition") for grant in readers}
    models = f"projects/_/buckets/{bucket}/objects/models"
    finished = {
        "title": "finished models",
        "expression": f'resource.name != "{models}/{model_store.KEY_NAME}" '
        f'&& !resource.name.startsWith("{models}/unfinished/")',
    }
    assert conditions == {"retrain": None, "inference": finished, "ml_feedback": finished}


def test_no_basic_role_is_given_to_anybody(stack: Provisioned) -> None:
    assert not {grant["role"] for grant in stack.grants()} & {"roles/owner", "roles/editor", "roles/viewer"}
    assert not [grant for grant in stack.grants() if grant["role"].endswith((".admin", ".Admin"))]


def test_each_deployable_acts_as_an_account_of_its_own_and_none_as_the_default(stack: Provisioned) -> None:
    acting = [found["serviceConfig"]["serviceAccountEmail"] for found in stack.of("Function")]
    acting += [found["template"]["serviceAccount"] for found in stack.of("cloudrunv2/service:Service")]
    acting += [found["template"]["template"]["serviceAccount"] for found in stack.of("cloudrunv2/job:Job")]
    assert len(acting) == len(set(acting)) == 10
    assert all(account.startswith(f"bloom-{stack.stack}-") for account in acting)


def test_functions_are_built_by_the_builder_and_not_by_the_default_account(stack: Provisioned) -> None:
    builders = {found["buildConfig"]["serviceAccount"] for found in stack.of("Function")}
    assert builders == {f"projects/p/serviceAccounts/bloom-{stack.stack}-builder@builder.iam.gserviceaccount.com"}


def test_a_service_accounts_id_is_short_enough() -> None:
    from infra.identities import ACTORS

    assert max(len(f"bloom-pr-9999-{actor}") for actor in ACTORS) <= 30


def test_a_secret_is_read_by_those_who_are_given_it_and_nobody_else(prod: Provisioned) -> None:
    read = {(who(grant), grant["secretId"].removesuffix("-id")) for grant in prod.of("SecretIamMember")}
    assert read == {(reader, name) for name, kept in SECRETS.items() for reader in kept.readers}
    assert {grant["role"] for grant in prod.of("SecretIamMember")} == {"roles/secretmanager.secretAccessor"}


def test_a_data_key_is_read_only_by_code_that_opens_its_columns() -> None:
    folders = {
        name: f"containers/{name}" if name == "realtime" else f"functions/{name}"
        for name in WITH_KERNEL
        if name != "retrain"
    } | {"retrain": "containers/inference/training"}
    opened = {name: {s for s in settings_read_by(folder) if s.endswith("_keys")} for name, folder in folders.items()}
    for kept in SECRETS.values():
        if kept.setting.endswith("_KEYS"):
            assert set(kept.readers) == {name for name, keys in opened.items() if kept.setting.lower() in keys}


def test_only_googles_own_agents_use_the_keys_and_each_its_own(prod: Provisioned) -> None:
    uses = {(grant["cryptoKeyId"], grant["member"], grant["role"]) for grant in prod.of("CryptoKeyIAMMember")}
    agents = {
        "storage": "gs-project-accounts",
        "pubsub": "gcp-sa-pubsub",
        "secrets": "gcp-sa-secretmanager",
        "registry": "gcp-sa-artifactregistry",
        "database": "gcp-sa-cloud-sql",
    }
    role = "roles/cloudkms.cryptoKeyEncrypterDecrypter"
    assert uses == {
        (f"{key}-key-id", f"serviceAccount:service-{NUMBER}@{agent}.iam.gserviceaccount.com", role)
        for key, agent in agents.items()
    }
