"""The program itself: what its types cannot see, what its settings refuse, and that its double refuses too."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pulumi
import pytest
from pulumi.runtime import MockCallArgs, MockResourceArgs

from infra import vendors
from infra.package import ROOT
from infra.stack import StackSettingMalformed, read
from tests.infra.provisioned import Cloud, Provisioned, Refused, provisioned, settings_of

FILES = sorted((ROOT / "infra").glob("*.py"))
MAPS = {"labels", "user_labels", "limits", "headers", "environment_variables"}
"""Arguments that are maps of names the provider does not know: there is no class for them."""


def raw_dicts(source: str) -> list[str]:
    """Arguments of calls that are dictionaries where the provider has a class: a wrong key in one passes silently."""
    return [
        f"{argument.arg} (line {argument.value.lineno})"
        for call in ast.walk(ast.parse(source))
        if isinstance(call, ast.Call)
        for argument in call.keywords
        if argument.arg not in MAPS and argument.arg is not None
        for inside in (argument.value, *(argument.value.elts if isinstance(argument.value, ast.List) else ()))
        if isinstance(inside, ast.Dict | ast.DictComp)
    ]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_no_argument_of_a_resource_is_a_raw_dictionary(path: Path) -> None:
    assert raw_dicts(path.read_text()) == []


@pytest.mark.parametrize(
    "source", ["Bucket('b', encryption={'key': 1})", "Bucket('b', cors=[{'origin': 1}])", "Topic('t', policy={**a})"]
)
def test_the_rule_about_raw_dictionaries_sees_them(source: str) -> None:
    assert raw_dicts(source)


def test_no_file_of_the_program_stands_before_one_of_the_standard_library() -> None:
    assert not {path.stem for path in FILES} & set(sys.stdlib_module_names)


def test_pulumi_can_start_the_folder_from_anywhere(tmp_path: Path) -> None:
    # As Pulumi's language host does it; without an engine the program ends where it asks for its settings.
    start = f"import runpy; runpy.run_path({str(ROOT / 'infra')!r}, run_name='__main__')"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", start], cwd=tmp_path, env={}, capture_output=True, text=True, check=False
    )
    assert "Missing required configuration variable" in done.stderr, done.stderr


def test_the_table_of_contents_is_one_page() -> None:
    text = (ROOT / "infra" / "__main__.py").read_text()
    (provision,) = [node for node in ast.parse(text).body if isinstance(node, ast.FunctionDef)]
    assert len(text.splitlines()) < 80
    assert not [node for node in ast.walk(provision) if isinstance(node, ast.If | ast.For | ast.While)]


@pytest.mark.parametrize(
    ("stack", "changed", "named"),
    [
        ("staging", {}, "staging"),
        ("pr-0", {}, "pr-0"),
        ("qa", {"production": "true"}, "production"),
        ("prod", {"production": "false"}, "production"),
        ("dev", {"database": "mysql"}, "database"),
        ("dev", {"version": "latest"}, "version"),
        ("dev", {"inferenceGpu": "nvidia-l4"}, "gpuRegion: us-west2 has no nvidia-l4"),
        ("dev", {"inferenceGpu": "nvidia-t4"}, "inferenceGpu"),
        ("dev", {"retrainGpu": "nvidia-l4"}, "gpuRegion: us-west2 has no nvidia-l4"),
        ("dev", {"retrainGpu": "nvidia-t4"}, "retrainGpu"),
        (
            "dev",
            {"retrainGpu": "nvidia-l4", "gpuRegion": "us-central1", "database": "cloud-sql"},
            "retrainGpu: the database",
        ),
        ("dev", {"modelManifest": "ab" * 32}, "modelManifest"),
        ("dev", {"model": "tuned-2", "modelManifest": "no checksum"}, "modelManifest"),
        ("dev", {"trainingData": '["gs://elsewhere/posts.csv"]'}, "trainingData"),
        ("dev", {"trainingData": '["posts.csv,more.csv"]'}, "trainingData"),
        ("dev", {"settings": '{"NO_SUCH_SETTING": "1"}'}, "NO_SUCH_SETTING"),
        ("dev", {"withoutSecrets": '["message-keys"]'}, "message-keys"),
        ("dev", {"withoutSecrets": '["no-such-secret"]'}, "no-such-secret"),
    ],
)
def test_a_setting_that_cannot_be_used_stops_the_program_and_is_named(
    stack: str, changed: dict[str, str], named: str
) -> None:
    with pytest.raises(StackSettingMalformed, match=named):
        provisioned(stack, **changed)


@pytest.mark.parametrize("stack", ["dev", "qa", "pr-7"])
def test_a_stack_as_it_is_in_the_tree_can_be_planned_once_a_version_is_given(stack: str) -> None:
    settings = settings_of(stack)
    del settings["bloom:baa"]
    pulumi.runtime.set_mocks(Cloud(), project="bloom", stack=stack, preview=True)
    pulumi.runtime.set_all_config(settings)
    vendors.check(read())


def test_a_setting_of_the_product_can_be_changed_by_the_stack() -> None:
    made = provisioned("dev", settings='{"LATE_CANCEL_HOURS": "48"}')
    for found in made.of("Function"):
        assert found["serviceConfig"]["environmentVariables"]["LATE_CANCEL_HOURS"] == "48"


def test_what_retraining_joins_feedback_with_lies_where_its_job_may_read() -> None:
    pinned = f"training-data/posts.csv.gz#sha256={'ab' * 32}"
    made = provisioned("dev", trainingData=json.dumps([pinned, "more.csv"]))
    bucket = made.one("Bucket", "models")["name"]
    assert training_data(made) == [f"gs://{bucket}/{pinned},gs://{bucket}/more.csv"]
    reads = made.one("BucketIAMMember", "retrain-reads-models")
    assert (reads["bucket"], reads["role"]) == (bucket, "roles/storage.objectViewer")
    assert training_data(provisioned("dev")) == []


def training_data(made: Provisioned) -> list[str]:
    (container,) = made.one("cloudrunv2/job:Job", "retrain")["template"]["template"]["containers"]
    return [entry["value"] for entry in container["envs"] if entry["name"] == "TRAINING_DATA"]


def test_a_secret_that_a_stack_goes_without_is_neither_made_nor_told() -> None:
    made = provisioned("dev")
    assert not [found for found in made.of("Secret") if "zoom" in found.name or "google" in found.name]
    told = [
        entry["key"] for found in made.of("Function") for entry in found["serviceConfig"]["secretEnvironmentVariables"]
    ]
    assert "EVENT_KEYS" in told
    assert not [name for name in told if name.startswith(("ZOOM", "GOOGLE"))]


@pytest.mark.parametrize(
    ("kind", "inputs", "why"),
    [
        ("gcp:compute/route:Route", {"destRange": "0.0.0.0/0"}, "no known type"),
        ("gcp:storage/bucket:Bucket", {"location": "us-west2"}, "name, uniformBucketLevelAccess"),
        ("gcp:pubsub/topic:Topic", {"name": "events"}, "messageStoragePolicy"),
        ("gcp:pubsub/topicIAMMember:TopicIAMMember", {"topic": "t", "role": "r", "member": None}, "member"),
    ],
)
def test_the_double_of_the_cloud_refuses_what_it_does_not_know_and_what_is_not_whole(
    kind: str, inputs: dict[str, object], why: str
) -> None:
    with pytest.raises(Refused, match=why):
        Cloud().new_resource(MockResourceArgs(kind, "a", inputs))


def test_the_double_answers_no_question_to_the_cloud() -> None:
    with pytest.raises(Refused, match="getProject"):
        Cloud().call(MockCallArgs("gcp:organizations/getProject:getProject", {}, ""))
