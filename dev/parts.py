"""What the local cloud is made of: each part's command, its address, and how it is known to be up."""

import http.client
import shlex
import signal
import socket
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

from dev import postgres
from dev.environment import (
    AUDIT_BUCKET,
    BUCKET,
    INFERENCE_SERVICE,
    PROJECT,
    PUSH_ACCOUNT,
    RETRAIN_JOB,
    SCHEDULER_ACCOUNT,
    TOPIC,
    is_on_this_machine,
)
from dev.redis_server import redis_answers, redis_command
from dev.running_part import Part

FUNCTIONS: Final = ("auth", "appointments", "messages", "admin", "ml_feedback")
RELAYS: Final = ("realtime_1", "realtime_2")

REPLACED_BY: Final[dict[str, str]] = {
    "postgres": "DATABASE_URL",
    "redis": "REDIS_URL",
    "upstash": "UPSTASH_REDIS_REST_URL",
    "smtp": "SMTP_URL",
    "inference": "INFERENCE_URL",
    "pubsub": "PUBSUB_EMULATOR_HOST",
    "google": "GOOGLE_ISSUER",
    "zoom": "ZOOM_SIGN_IN_URL",
    "storage": "STORAGE_URL",
    "cloud_run": "CLOUD_RUN_URL",
}
"""Parts that are not started where a setting names a real service."""

_PROBE_SECONDS = 1.0
_FUNCTION_THREADS = "8"
_ENTRY_POINT = "handle"


@dataclass(frozen=True)
class Place:
    """Where a local cloud lives: its code, its data, its ports, and the environment that every part is given."""

    root: Path
    data_dir: Path
    ports: Mapping[str, int]
    environment: Mapping[str, str]

    def url(self, part: str) -> str:
        """The base URL of a part that speaks HTTP."""
        return f"http://127.0.0.1:{self.ports[part]}"

    @property
    def telemetry_file(self) -> Path:
        """Where the last traces and numbers are kept."""
        return self.data_dir / "telemetry.sqlite"

    @property
    def signing_key(self) -> Path:
        """The file of the local issuer's key."""
        return self.data_dir / "oidc-key.json"

    def module(self, name: str, *arguments: object) -> tuple[str, ...]:
        """The command that runs a module with this Python."""
        return (sys.executable, "-m", name, *map(str, arguments))


def _part(
    place: Place,
    name: str,
    command: tuple[str, ...],
    ready: Callable[[int], bool],
    variables: Mapping[str, str] | None = None,
    **more: Any,
) -> Part:
    environment = {**place.environment, "PYTHONPATH": str(place.root), "PYTHONUNBUFFERED": "1", **(variables or {})}
    options = {"address": f"127.0.0.1:{place.ports[name]}" if name in place.ports else "", **more}
    return Part(name, command, environment, ready, folder=place.root, **options)


def _postgres(place: Place) -> Part:
    postgres.binaries()  # or the reason why there are none
    address = str(postgres.socket_folder(place.data_dir) / postgres.SOCKET_NAME)
    command = place.module("dev.postgres", "--data", place.data_dir)
    ready = partial(postgres.is_ready, place.data_dir)
    return _part(place, "postgres", command, ready, address=address, stop_signal=signal.SIGINT)


def _database(place: Place) -> Part:
    url = place.environment["DATABASE_URL"]
    embedded = url == postgres.database_url(place.data_dir, "bloom_app")
    address = "migrated and seeded" if embedded or is_on_this_machine(url) else "left as it is: not on this machine"
    command = place.module("dev.database", *(("--data", place.data_dir) if embedded else ()))
    return _part(place, "database", command, _at_once, address=address, after=("postgres",), runs_once=True)


def _redis(place: Place) -> Part:
    port = place.ports["redis"]
    command = redis_command(port, place.data_dir / "redis", place.environment.get("PATH"))
    return _part(place, "redis", command, lambda _pid: redis_answers(port))


def _upstash(place: Place) -> Part:
    port = place.ports["upstash"]
    command = place.module("dev.upstash_double", "--port", port, "--redis", place.environment["REDIS_URL"])
    return _part(place, "upstash", command, _listening(port))


def _smtp(place: Place) -> Part:
    port = place.ports["smtp"]
    command = place.module("dev.smtp_sink", "--port", port, "--folder", place.data_dir / "mail")
    return _part(place, "smtp", command, _listening(port))


def _oidc(place: Place) -> Part:
    port, issuer = place.ports["oidc"], place.environment["OIDC_ISSUER"]
    command = place.module("dev.oidc_issuer", "--port", port, "--key", place.signing_key, "--issuer", issuer)
    return _part(place, "oidc", command, _answering(port, "/health"))


def _google(place: Place) -> Part:
    port = place.ports["google"]
    return _part(place, "google", place.module("dev.google_double", "--port", port), _answering(port, "/health"))


def _zoom(place: Place) -> Part:
    port = place.ports["zoom"]
    command = place.module("dev.zoom_double", "--port", port, "--store", place.data_dir / "zoom.json")
    return _part(place, "zoom", command, _answering(port, "/health"))


def _pubsub(place: Place) -> Part:
    port = place.ports["pubsub"]
    store, topic = place.data_dir / "pubsub.sqlite", f"projects/{PROJECT}/topics/{TOPIC}"
    options = ("--port", port, "--store", store, "--topic", topic, *_caller(place, PUSH_ACCOUNT))
    return _part(place, "pubsub", place.module("dev.pubsub_double", *options), _listening(port))


def _storage(place: Place) -> Part:
    port = place.ports["storage"]
    options = ("--port", port, "--folder", place.data_dir / "files", "--bucket", BUCKET, "--locked", AUDIT_BUCKET)
    command = place.module("dev.storage", *options, "--origin", place.environment["BASE_URL"])
    return _part(place, "storage", command, _answering(port, "/"))


def _cloud_run(place: Place) -> Part:
    """What runs jobs and revisions: they are given the place's environment, and a folder for the models they make."""
    port, revision = place.ports["cloud_run"], shlex.join(place.module("containers.inference"))
    service = ("--service", INFERENCE_SERVICE, "--revision", revision, "--revision-port", place.ports["challenger"])
    job = ("--job", RETRAIN_JOB, "--data", place.data_dir, "--", *place.module("containers.inference.training"))
    options = ("--port", port, *service, *job)
    models = place.environment.get("MODELS_URL") or str(place.data_dir / "models")
    command = place.module("dev.cloud_run_double", *options)
    return _part(place, "cloud_run", command, _answering(port, "/health"), {"MODELS_URL": models})


def _scheduler(place: Place) -> Part:
    seconds = place.environment.get("BLOOM_EVERY_MINUTE_SECONDS", "5")
    options = ("--every-minute-seconds", seconds, *_caller(place, SCHEDULER_ACCOUNT))
    return _part(place, "scheduler", place.module("dev.scheduler", *options), _at_once)


def _caller(place: Place, account: str) -> tuple[object, ...]:
    """The options of a part that calls internal routes."""
    targets = [word for name in FUNCTIONS for word in ("--target", f"{name}={place.url(name)}")]
    issuer, audience = place.environment["OIDC_ISSUER"], place.environment["OIDC_AUDIENCE"]
    identity = ("--key", place.signing_key, "--issuer", issuer, "--account", account, "--audience", audience)
    return *targets, *identity


def _function(place: Place, name: str) -> Part:
    port = place.ports[name]
    source = place.root / "functions" / name / "main.py"
    options = ("--source", source, "--target", _ENTRY_POINT, "--host", "127.0.0.1", "--port", port)
    command = place.module("functions_framework", *options)
    return _part(place, name, command, _answering(port, "/health"), {"THREADS": _FUNCTION_THREADS})


def _inference(place: Place) -> Part:
    begins = (sys.executable, "-I", "-S", str(Path(__file__).with_name("served_model.py")))
    command = (*begins, str(place.data_dir / "served-model.json"), *place.module("containers.inference"))
    return _part(
        place, "inference", command, _answering(place.ports["inference"], "/ready"), _address(place, "inference")
    )


def _relay(place: Place, name: str) -> Part:
    command, ready = place.module("containers.realtime"), _answering(place.ports[name], "/health")
    return _part(place, name, command, ready, _address(place, name), after=("redis",))


def _address(place: Place, name: str) -> dict[str, str]:
    """How a container is told where to listen."""
    return {"HOST": "127.0.0.1", "PORT": str(place.ports[name])}


def _telemetry(place: Place) -> Part:
    port = place.ports["telemetry"]
    targets = [
        word for name in (*FUNCTIONS, "inference", *RELAYS) for word in ("--target", f"{name}={place.url(name)}")
    ]
    command = place.module("dev.telemetry_double", "--port", port, "--store", place.telemetry_file, *targets)
    return _part(place, "telemetry", command, _answering(port, "/health"))


def _audit_stream(place: Place) -> Part:
    file = place.data_dir / "audit" / "audit.log"
    return _part(place, "audit_stream", place.module("dev.audit_stream", "--file", file), _at_once, address=str(file))


def _gateway(place: Place) -> Part:
    port = place.ports["gateway"]
    upstreams = [word for name in FUNCTIONS for word in ("--upstream", f"{name}={place.url(name)}")]
    relays = [word for name in RELAYS for word in ("--upstream", f"realtime={place.url(name)}")]
    framed = ("--storage", place.environment["STORAGE_URL"], "--grafana", place.environment.get("GRAFANA_URL", ""))
    files = ("--data", place.data_dir, "--web", place.root / "web" / "dist", *framed)
    options = ("--port", port, *files, *upstreams, *relays)
    command, ready = place.module("dev.gateway", *options), _answering(port, "/dev/health")
    return _part(place, "gateway", command, ready, after=("telemetry",))  # which so ends last, and takes last words


PARTS: Final[dict[str, Callable[[Place], Part]]] = {
    "postgres": _postgres,
    "database": _database,
    "redis": _redis,
    "upstash": _upstash,
    "smtp": _smtp,
    "oidc": _oidc,
    "google": _google,
    "zoom": _zoom,
    "pubsub": _pubsub,
    "storage": _storage,
    "cloud_run": _cloud_run,
    "scheduler": _scheduler,
    **{name: partial(_function, name=name) for name in FUNCTIONS},
    "inference": _inference,
    **{name: partial(_relay, name=name) for name in RELAYS},
    "telemetry": _telemetry,
    "audit_stream": _audit_stream,
    "gateway": _gateway,
}
"""Every part, in the order in which they are shown."""
ONLY_WHERE_ASKED_FOR: Final = frozenset({"telemetry", "audit_stream"})
"""What costs the others something by being there, and so is in `make dev` and in no measurement or test by itself."""


def _at_once(_pid: int) -> bool:
    return True


def _answering(port: int, path: str) -> Callable[[int], bool]:
    def answers(_pid: int) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_PROBE_SECONDS)
        try:
            connection.request("GET", path)
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    return answers


def _listening(port: int) -> Callable[[int], bool]:
    def listens(_pid: int) -> bool:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=_PROBE_SECONDS).close()
        except OSError:
            return False
        return True

    return listens
