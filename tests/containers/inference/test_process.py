"""`python -m containers.inference` as an operator runs it."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import httpx

from containers.inference.settings import Settings

ROOT = Path(__file__).parents[3]


def start(folder: Path = ROOT, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "containers.inference"],
        cwd=folder,
        env={"PATH": os.environ["PATH"], **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_it_says_when_it_is_ready_serves_over_a_socket_and_answers_what_is_in_flight_after_sigterm() -> None:
    port = free_port()
    process = start(PORT=str(port), RUN_MS="5")
    answers: list[httpx.Response] = []
    texts = ["Too many deadlines at work, and nobody to talk to. " * 40] * 4
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
        asking = threading.Thread(target=lambda: answers.append(client.post("/predict/batch", json={"texts": texts})))
        try:
            assert process.stdout is not None
            ready = json.loads(process.stdout.readline())
            assert ready["message"] == "ready"
            assert ready["modelVersion"]
            answer = client.post("/predict", json={"text": "Can I move my appointment to Thursday?"})
            assert answer.json()["label"] == "Normal"
            assert client.post("/predict/batch", json={"texts": ["a" * 3_000_000]}).status_code == 413
            asking.start()
            while 'waiting_texts{lane="batch"} 1' not in client.get("/metrics").text:
                pass
            process.send_signal(signal.SIGTERM)
            asking.join()
            output, _ = process.communicate(timeout=30)
        finally:
            process.kill()
            process.wait()
    assert process.returncode == 0
    assert [json.loads(line)["message"] for line in output.splitlines()] == ["stopped"]
    [answer] = answers
    assert answer.status_code == 200
    assert len(answer.json()["predictions"]) == len(texts)


def test_the_files_that_the_image_holds_serve_alone(tmp_path: Path) -> None:
    folder = tmp_path / "containers" / "inference"
    shutil.copytree(ROOT / "containers" / "inference" / "model", folder / "model")
    for module in (ROOT / "containers" / "inference").glob("*.py"):
        shutil.copy(module, folder)
    process = start(tmp_path, PORT=str(free_port()))
    try:
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["message"] == "ready"
    finally:
        process.terminate()
        process.communicate(timeout=30)


def test_a_malformed_setting_stops_the_start_with_one_line_that_names_it() -> None:
    process = start(PORT="soon")
    output, _ = process.communicate(timeout=30)
    assert process.returncode == 1
    assert len(output.splitlines()) == 1
    assert "PORT" in json.loads(output)["reason"]


def test_an_altered_model_stops_the_start_with_one_line_that_names_the_file(tmp_path: Path) -> None:
    shutil.copytree(Settings().model_path, tmp_path / "model")
    (tmp_path / "model" / "model.onnx").write_bytes(b"altered")
    process = start(PORT=str(free_port()), MODEL_PATH=str(tmp_path / "model"))
    output, _ = process.communicate(timeout=30)
    assert process.returncode == 1
    [line] = [json.loads(line) for line in output.splitlines() if "CRITICAL" in line]
    assert line["message"] == "model unusable"
    assert "model.onnx does not match its checksum" in line["reason"]


def test_serving_a_local_model_imports_neither_training_nor_storage() -> None:
    unwanted = {"torch", "transformers", "fsspec", "gcsfs", "google.auth", "shared", "containers.inference.training"}
    script = (
        "import sys; from containers.inference.main import Application; from containers.inference.settings import *;"
        "from containers.inference.lifecycle import load_served; load_served(read_settings({}));"
        f"sys.exit(' '.join({unwanted!r} & set(sys.modules)) or 0)"
    )
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=True)
