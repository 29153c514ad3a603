"""What runs: from which code, how much of it, and what it is told."""

import json
import re
import zipfile
from pathlib import Path

import pytest

from containers.inference.settings import read_settings
from functions.ml_feedback.rollout_steps import variables_of
from functions.ml_feedback.served_revisions import MODEL_VARIABLES
from infra.deployable_settings import WITH_KERNEL
from infra.package import FUNCTIONS, ROOT, Archive
from infra.secret_store import SECRETS
from shared.database.models.learning import ModelVersion
from shared.settings import Settings
from tests.infra.conftest import make
from tests.infra.needed_settings import settings_read_by
from tests.infra.provisioned import Provisioned

LOCAL = re.compile(r"^(http|redis|smtp)://|localhost|127\.0\.0\.1|unix_sock|bloom-local")
ONLY_LOCAL = {
    "pubsub_emulator_host": "Google's client finds the real one by itself",
    "storage_signing_key": "IAM signs",
}
CHOSEN_BY_THE_OPERATOR = {
    "limits": "overrides",
    "otel_exporter_otlp_endpoint": "the operator's own collector",
    "otel_exporter_otlp_headers": "what that collector asks for, by reference",
    "audit_public_keys": "of keys that no longer sign, and are no longer at hand",
    "grafana_url": "Grafana is the operator's own",
    "clamd_url": "ClamAV is the operator's own machine",
    "training_data": "where an operator's own texts are",
    "training_options": "of one operator's trainings",
    "rollout_patience": "of one operator's rollouts",
    "privacy_officer_email": "without one no record can be opened, and it says so",
}
"""Settings that may be empty, and are set through `settings:` of the stack where they are wanted."""


def service_account(stack: Provisioned, function: str) -> str:
    found: str = stack.one("Function", function.replace("_", "-"))["serviceConfig"]["serviceAccountEmail"]
    return found


def environments(stack: Provisioned) -> dict[str, tuple[dict[str, str], dict[str, str]]]:
    """By deployable: its plain settings, and the secrets that its others come from."""
    found: dict[str, tuple[dict[str, str], dict[str, str]]] = {}
    for function in stack.of("Function"):
        service = function["serviceConfig"]
        secrets = {entry["key"]: entry["secret"] for entry in service["secretEnvironmentVariables"]}
        found[function.name.replace("-", "_")] = (service["environmentVariables"], secrets)
    containers = {
        **{service.name: service["template"]["containers"] for service in stack.of("cloudrunv2/service:Service")},
        **{job.name: job["template"]["template"]["containers"] for job in stack.of("cloudrunv2/job:Job")},
    }
    for name, (container,) in containers.items():
        entries = container.get("envs", [])
        found[name] = (
            {entry["name"]: entry["value"] for entry in entries if "value" in entry},
            {
                entry["name"]: entry["valueSource"]["secretKeyRef"]["secret"]
                for entry in entries
                if "valueSource" in entry
            },
        )
    return found


def test_every_setting_that_a_deployable_needs_is_given_to_it(prod: Provisioned) -> None:
    told = environments(prod)
    required = {name for name, field in Settings.model_fields.items() if field.is_required()}
    empty = {name for name, field in Settings.model_fields.items() if field.default in ("", "bloom-local")}
    for name in WITH_KERNEL:
        folder = {"realtime": "containers/realtime", "retrain": "containers/inference/training"}.get(
            name, f"functions/{name}"
        )
        needed = (settings_read_by(folder) & empty - set(ONLY_LOCAL) - set(CHOSEN_BY_THE_OPERATOR)) | required
        plain, secrets = told[name]
        assert {setting.upper() for setting in needed} <= set(plain) | set(secrets), name


def test_nothing_is_told_a_setting_that_the_product_does_not_have(stack: Provisioned) -> None:
    for name, (plain, secrets) in environments(stack).items():
        known = {setting.upper() for setting in Settings.model_fields} | {"THREADS"}
        known |= {"INFERENCE_THREADS", "INFERENCE_CALLERS", *MODEL_VARIABLES}
        assert set(plain) | set(secrets) <= known, name


def test_no_secret_is_told_in_plain(stack: Provisioned) -> None:
    secret = {kept.setting for kept in SECRETS.values()}
    for name, (plain, _) in environments(stack).items():
        assert not set(plain) & secret, name
        assert not [value for value in plain.values() if re.search(r"://[^/]*:[^/]*@", str(value))], name
    assert not stack.of("SecretVersion")


def test_a_secret_comes_from_its_own_entry_of_the_store(prod: Provisioned) -> None:
    for name, (_, secrets) in environments(prod).items():
        expected = {kept.setting: f"bloom-prod-{key}" for key, kept in SECRETS.items() if name in kept.readers}
        assert secrets == expected, name


def test_nothing_in_the_cloud_is_told_of_a_local_part(stack: Provisioned) -> None:
    for name, (plain, _) in environments(stack).items():
        assert not [value for value in plain.values() if LOCAL.search(str(value))], name
        assert not {setting.upper() for setting in ONLY_LOCAL} & set(plain), name


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_is_built_from_the_archive_of_its_own_folder(prod: Provisioned, function: str) -> None:
    found = prod.one("Function", function.replace("_", "-"))
    build = found["buildConfig"]
    assert (build["runtime"], build["entryPoint"]) == ("python313", "handle")
    kept = prod.one("BucketObject", f"{function}-archive")
    sent = Path(kept["source"].path)
    assert kept["name"] == Archive(function, sent.read_bytes()).object_name
    first_line = (ROOT / "functions" / function / "main.py").read_bytes().splitlines()[0]
    assert zipfile.ZipFile(sent).read("main.py").splitlines()[0] == first_line
    source = build["source"]["storageSource"]
    assert source == {"bucket": prod.one("Bucket", "archives")["name"], "object": kept["name"]}


def test_a_function_has_as_many_threads_as_requests(stack: Provisioned) -> None:
    for found in stack.of("Function"):
        service = found["serviceConfig"]
        assert service["environmentVariables"]["THREADS"] == f"{service['maxInstanceRequestConcurrency']:.0f}"
        assert 1 <= service["maxInstanceCount"] <= 40
        assert service["timeoutSeconds"] == 60


@pytest.mark.parametrize("name", ["qa", "prod"])
def test_what_an_alert_passes_through_is_always_awake(name: str) -> None:
    stack = make(name) if name == "qa" else make(name, database="cloud-sql")
    assert stack.one("Function", "messages")["serviceConfig"]["minInstanceCount"] >= 1
    for service in stack.of("cloudrunv2/service:Service"):
        assert service["template"]["scaling"]["minInstanceCount"] >= 1


@pytest.mark.parametrize("name", ["dev", "pr-7"])
def test_development_costs_nothing_while_nobody_uses_it(name: str) -> None:
    stack = make(name)
    fewest = [found["serviceConfig"]["minInstanceCount"] for found in stack.of("Function")]
    fewest += [found["template"]["scaling"]["minInstanceCount"] for found in stack.of("cloudrunv2/service:Service")]
    assert set(fewest) == {0}
    for kind in ("SecurityPolicy", "Network", "DatabaseInstance", "KeyRing"):
        assert not stack.of(kind)


def test_production_holds_ten_thousand_sockets_with_room_to_spare(prod: Provisioned) -> None:
    template = prod.one("cloudrunv2/service:Service", "realtime")["template"]
    assert template["scaling"] == {"minInstanceCount": 2, "maxInstanceCount": 15}
    assert template["maxInstanceRequestConcurrency"] == 1_000
    assert template["timeout"] == "3600s"
    assert template["containers"][0]["resources"]["cpuIdle"] is False


def test_a_socket_ends_itself_before_cloud_run_ends_it() -> None:
    longest = Settings.model_fields["socket_minutes"].default * 1.1 * 60
    assert longest < 3600


def test_the_classifier_that_is_there_is_asked_by_its_audience_and_lets_in_those_who_ask(stack: Provisioned) -> None:
    told = environments(stack)
    asking = [plain for plain, _ in told.values() if "INFERENCE_URL" in plain]
    assert [plain["INFERENCE_URL"] for plain in asking] == ["https://inference.a.run.app"] * 2
    classifier = told["inference"][0]
    assert {plain["INFERENCE_AUDIENCE"] for plain in asking} == {classifier["INFERENCE_AUDIENCE"]}
    service = stack.one("cloudrunv2/service:Service", "inference")
    assert service["customAudiences"] == [classifier["INFERENCE_AUDIENCE"]]
    accounts = ("messages", "ml_feedback")
    assert read_settings(classifier).callers == tuple(service_account(stack, name) for name in accounts)


def test_files_are_kept_in_the_bucket_that_is_there_and_signed_for_by_its_keeper(stack: Provisioned) -> None:
    plain, _ = environments(stack)["messages"]
    assert plain["STORAGE_URL"] == f"gs://{stack.one('Bucket', 'files')['name']}"
    assert plain["STORAGE_SIGNING_ACCOUNT"] == stack.one("Function", "messages")["serviceConfig"]["serviceAccountEmail"]


def test_the_served_model_is_the_stacks_choice_and_told_as_a_rollout_tells_it() -> None:
    told = environments(make("dev", model="0123456789abcdef", modelManifest="ab" * 32))["inference"][0]
    path = "gs://bloomhealth-dev-dev-models/models/0123456789abcdef"
    promoted = ModelVersion(artifact_uri=path, artifact_sha256=bytes.fromhex("ab" * 32))
    assert {name: told[name] for name in MODEL_VARIABLES} == variables_of(promoted)
    assert not set(MODEL_VARIABLES) & set(environments(make("dev"))["inference"][0])


def test_a_job_that_fails_waits_for_a_person_and_only_a_training_is_taken_up_again(stack: Provisioned) -> None:
    retries = {found.name: found["template"]["template"]["maxRetries"] for found in stack.of("cloudrunv2/job:Job")}
    assert retries == {"migrations": 0, "retirement": 0, "retrain": 2}


def test_the_training_has_room_for_the_largest_network_that_it_is_made_for(stack: Provisioned) -> None:
    """xlm-roberta-base: weights, gradients, two moments, the best epoch's; two checkpoints of all but the gradients."""
    weights = 278_043_648 * 4
    limits = stack.one("cloudrunv2/job:Job", "retrain")["template"]["template"]["containers"][0]["resources"]["limits"]
    assert int(limits["memory"].removesuffix("Gi")) * 2**30 > (5 + 2 * 4) * weights * 1.5
    assert limits["cpu"] == "8"  # Cloud Run's least beside more than 24 GiB


def test_a_production_training_is_gated_on_every_language_and_keeps_its_own_options() -> None:
    def told(name: str, **settings: str) -> str:
        return str(environments(make(name, settings=json.dumps(settings)))["retrain"][0].get("TRAINING_OPTIONS", ""))

    assert told("dev") == ""
    assert told("dev", TRAINING_OPTIONS="--epochs 3") == "--epochs 3"
    assert told("prod") == "--production"
    assert told("prod", TRAINING_OPTIONS="--epochs 3 --production") == "--epochs 3 --production"
    assert told("prod", TRAINING_OPTIONS="--epochs 3") == "--production --epochs 3"


def test_the_classifier_computes_with_as_many_threads_as_it_has_processors() -> None:
    for made in (make("dev"), make("prod", inferenceGpu="nvidia-l4", gpuRegion="us-central1")):
        template = made.one("cloudrunv2/service:Service", "inference")["template"]
        cpus = template["containers"][0]["resources"]["limits"]["cpu"]
        assert str(read_settings(environments(made)["inference"][0]).inference_threads) == cpus


def test_a_classifier_with_a_gpu_has_what_cloud_run_asks_for_beside_one() -> None:
    template = make("prod", inferenceGpu="nvidia-l4", gpuRegion="us-central1").one(
        "cloudrunv2/service:Service", "inference"
    )["template"]
    assert template["nodeSelector"] == {"accelerator": "nvidia-l4"}
    resources = template["containers"][0]["resources"]
    assert resources["limits"] == {"cpu": "4", "memory": "16Gi", "nvidia.com/gpu": "1"}
    assert resources["cpuIdle"] is False
    assert template["gpuZonalRedundancyDisabled"] is True
    assert template["scaling"]["maxInstanceCount"] == 3


def test_a_training_with_a_gpu_asks_for_one_beside_its_memory_and_without_asks_for_none(stack: Provisioned) -> None:
    made = make("prod", retrainGpu="nvidia-l4", gpuRegion="us-central1", database="cockroachdb")
    once = made.one("cloudrunv2/job:Job", "retrain")["template"]["template"]
    assert once["nodeSelector"] == {"accelerator": "nvidia-l4"}
    assert once["gpuZonalRedundancyDisabled"] is True
    assert once["containers"][0]["resources"]["limits"] == {"cpu": "8", "memory": "32Gi", "nvidia.com/gpu": "1"}
    for job in stack.of("cloudrunv2/job:Job"):
        once = job["template"]["template"]
        assert "nodeSelector" not in once
        assert "nvidia.com/gpu" not in once["containers"][0]["resources"]["limits"]


def test_without_one_the_classifier_runs_on_processors(stack: Provisioned) -> None:
    template = stack.one("cloudrunv2/service:Service", "inference")["template"]
    assert "nodeSelector" not in template
    assert "nvidia.com/gpu" not in template["containers"][0]["resources"]["limits"]


def test_a_migration_is_told_nothing_but_its_own_way_into_the_database(stack: Provisioned) -> None:
    plain, secrets = environments(stack)["migrations"]
    assert plain == {}
    assert secrets == {"DATABASE_URL": f"bloom-{stack.stack}-migrations-database-url"}


def test_what_ends_the_audit_trails_retention_is_the_migrations_own_image_and_way_in(stack: Provisioned) -> None:
    template = stack.one("cloudrunv2/job:Job", "retirement")["template"]["template"]
    (container,) = template["containers"]
    (migrating,) = stack.one("cloudrunv2/job:Job", "migrations")["template"]["template"]["containers"]
    assert container["image"] == migrating["image"]
    assert container["args"] == ["python", "-m", "infra.migrations", "retire-audit"]
    assert environments(stack)["retirement"] == environments(stack)["migrations"]
    assert template["serviceAccount"] not in {
        found["serviceConfig"]["serviceAccountEmail"] for found in stack.of("Function")
    }


def test_an_images_tag_is_written_once_in_a_registry(stack: Provisioned) -> None:
    assert stack.one("Repository", "images")["dockerConfig"] == {"immutableTags": True}
