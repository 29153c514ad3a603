"""Traffic that moves in the local Cloud Run moves the model that everybody is served by, and outlives the double."""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from dev.cloud import LocalCloud
from dev.cloud_run_services import LocalPart
from dev.environment import INFERENCE_SERVICE, ROOT
from dev.processes import started_at
from tests.waiting import until

BEGINS = ROOT / "dev" / "served_model.py"


def renamed(folder: Path, version: str) -> Path:
    """The shipped model under another name."""
    made = folder / version
    shutil.copytree(ROOT / "containers" / "inference" / "model", made)
    described = json.loads((made / "bloom.json").read_bytes()) | {"version": version}
    (made / "bloom.json").write_text(json.dumps(described))
    manifest = json.loads((made / "manifest.json").read_bytes())
    manifest["sha256"]["bloom.json"] = hashlib.sha256((made / "bloom.json").read_bytes()).hexdigest()
    (made / "manifest.json").write_text(json.dumps(manifest))
    return made


def version_at(url: str) -> str:
    try:
        return str(httpx.get(f"{url}/model").json().get("modelVersion", ""))
    except httpx.HTTPError:
        return ""


def test_the_part_that_serves_everybody_is_restarted_with_the_model_that_traffic_moves_to(tmp_path: Path) -> None:
    with LocalCloud(parts={"inference", "cloud_run"}) as cloud:
        before, address = version_at(cloud.url("inference")), f"{cloud.url('cloud_run')}/v2/{INFERENCE_SERVICE}"
        service: dict[str, Any] = httpx.get(address).json()
        variables = [{"name": "MODEL_PATH", "value": str(renamed(tmp_path, "renamed"))}]
        service["template"] = {"containers": [{**service["template"]["containers"][0], "env": variables}]}
        assert httpx.patch(address, json=service).status_code == 200
        until(lambda: version_at(cloud.url("inference")) == "renamed")
        assert before not in ("", "renamed")
        assert version_at(cloud.url("challenger")) == "", "the second process is gone once nobody asks for it"
        assert httpx.patch(address, json=service).status_code == 409, "its etag is of before"
        cloud.kill_part("cloud_run")
        cloud.wait_until_up("cloud_run")
        kept = httpx.get(address).json()
        assert kept["template"]["containers"][0]["env"] == variables


@pytest.mark.parametrize("told", [{"MODEL_PATH": "there"}, None])
def test_a_part_begins_with_what_it_is_told_or_with_its_own_model(tmp_path: Path, told: dict[str, str] | None) -> None:
    file = tmp_path / "served-model.json"
    if told:
        file.write_text(json.dumps(told))
    says = (sys.executable, "-c", "import os; print(os.environ.get('MODEL_PATH'))")
    environment = {name: value for name, value in os.environ.items() if name != "MODEL_PATH"}
    command = [sys.executable, "-I", "-S", str(BEGINS), str(file), *says]
    said = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert said.stdout.strip() == (told or {}).get("MODEL_PATH", "None")


@pytest.mark.parametrize("is_ours", [True, False])
def test_only_the_process_that_was_recorded_is_ended(tmp_path: Path, is_ours: bool) -> None:
    process = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
    try:
        started = started_at(process.pid) if is_ours else "another time"
        record = [{"name": "inference", "pid": process.pid, "started": started}]
        (tmp_path / "pids.json").write_text(json.dumps(record))
        LocalPart(tmp_path / "told.json", tmp_path / "pids.json", "inference").serve({"MODEL_PATH": "there"})
        if is_ours:
            assert process.wait(10) == -signal.SIGTERM
        assert json.loads((tmp_path / "told.json").read_text()) == {"MODEL_PATH": "there"}
        assert is_ours or process.poll() is None
    finally:
        process.kill()
        process.wait()
