"""The environment of the local cloud: what was given, what is generated once, and what each process is told."""

import base64
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from dev.ports import CannotStart
from dev.private_files import write_private

ROOT: Final = Path(__file__).resolve().parent.parent
PROJECT: Final = "bloom-local"
TOPIC: Final = "bloom-events"
BUCKET: Final = "bloom-files"
AUDIT_BUCKET: Final = "bloom-audit-heads"
RETRAIN_JOB: Final = f"projects/{PROJECT}/locations/us-west2/jobs/retrain"
INFERENCE_SERVICE: Final = f"projects/{PROJECT}/locations/us-west2/services/inference"
PUSH_ACCOUNT: Final = f"pubsub-push@{PROJECT}.iam.gserviceaccount.com"
SCHEDULER_ACCOUNT: Final = f"scheduler@{PROJECT}.iam.gserviceaccount.com"

# What a process needs of the system; a test's cloud is given nothing else from outside.
_SYSTEM_VARIABLES = ("PATH", "HOME", "USER", "LANG", "LC_ALL", "TZ", "TMPDIR", "VIRTUAL_ENV", "PYTHONDONTWRITEBYTECODE")


def environment_variable(name: str) -> str:
    """A variable of this process, empty where it is not set."""
    return os.environ.get(name, "")


def is_on_this_machine(url: str) -> bool:
    """Whether a URL names the loopback: what is elsewhere is nobody's to migrate or seed by accident."""
    return (urlsplit(url).hostname or "") in ("localhost", "127.0.0.1", "::1")


def system_environment() -> dict[str, str]:
    """The part of this process's environment that is about the machine."""
    return {name: os.environ[name] for name in _SYSTEM_VARIABLES if name in os.environ}


def given_environment(root: Path) -> dict[str, str]:
    """This process's environment over the checkout's `.env`."""
    return {**read_variables(root / ".env"), **os.environ}


def read_variables(path: Path) -> dict[str, str]:
    """The KEY=VALUE lines of a file; none where there is no file.

    Raises CannotStart naming the line that is something else.
    """
    if not path.exists():
        return {}
    lines = enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
    wanted = [(number, line.strip()) for number, line in lines if line.strip() and not line.strip().startswith("#")]
    return dict(_variable(path, number, line) for number, line in wanted)


def _variable(path: Path, number: int, line: str) -> tuple[str, str]:
    name, equals, value = line.removeprefix("export ").partition("=")
    if not equals or not name.strip().isidentifier():
        raise CannotStart(f"{path.name} line {number} is not KEY=VALUE")
    value = value.strip()
    if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
        value = value[1:-1]
    return name.strip(), value


def recorded_settings(ports: Mapping[str, int]) -> dict[str, str]:
    """The settings by which every request is recorded and every part counts, where there is a local collector."""
    return {
        "METRICS_ENABLED": "true",
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{ports['telemetry']}",
        "OTEL_TRACES_SAMPLER_ARG": "1",
        "TRACES_EXPORT_SECONDS": "1",
    }


def generated_secrets(path: Path) -> dict[str, str]:
    """Keys and tokens for this checkout alone, made at the first start and kept in a file of mode 0600."""
    kept = read_variables(path)
    made = {
        "MESSAGE_KEYS": _data_key(),
        "CREDENTIAL_KEYS": _data_key(),
        "CLINICAL_KEYS": _data_key(),
        "EVENT_KEYS": _data_key(),
        "AUDIT_SIGNING_KEY": _data_key(),
        "UPSTASH_REDIS_REST_TOKEN": secrets.token_urlsafe(32),
        "STORAGE_SIGNING_KEY": kept.get("STORAGE_SIGNING_KEY") or _signing_key(),
    }
    variables = {**made, **kept}
    if variables != kept:
        header = "# Made by `python -m dev` for this machine. Without it, what the local database holds stays sealed.\n"
        write_private(path, header + "".join(f"{name}={value}\n" for name, value in variables.items()))
    return variables


def _data_key() -> str:
    """A new key of 32 random bytes under the id `local`: for AES-256, or Ed25519's own form of a key."""
    return f"local:{base64.b64encode(secrets.token_bytes(32)).decode()}"


def _signing_key() -> str:
    """A new RSA key as base64 of PKCS #8 DER; Cloud Storage's links are signed with nothing else."""
    from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    key = generate_private_key(65_537, 2048)
    return base64.b64encode(key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())).decode()


def product_settings(ports: Mapping[str, int], database_url: str) -> dict[str, str]:
    """The settings that point the product at the local parts, by the names of `shared/settings.py`."""
    at = {part: f"127.0.0.1:{port}" for part, port in ports.items()}
    origin = f"http://localhost:{ports['gateway']}"
    issuer = f"http://{at['oidc']}"
    return {
        "BASE_URL": origin,
        "GOOGLE_CLOUD_PROJECT": PROJECT,
        "DATABASE_URL": database_url,
        "UPSTASH_REDIS_REST_URL": f"http://{at['upstash']}",
        "REDIS_URL": f"redis://{at['redis']}",
        "SMTP_URL": f"smtp://{at['smtp']}",
        "INFERENCE_URL": f"http://{at['inference']}",
        "PUBSUB_TOPIC": TOPIC,
        "PUBSUB_EMULATOR_HOST": at["pubsub"],
        "OIDC_ISSUER": issuer,
        "OIDC_JWKS_URL": f"{issuer}/jwks.json",
        "OIDC_AUDIENCE": origin,
        "PUSH_SERVICE_ACCOUNT": PUSH_ACCOUNT,
        "SCHEDULER_SERVICE_ACCOUNT": SCHEDULER_ACCOUNT,
        "STORAGE_URL": f"http://{at['storage']}/{BUCKET}",
        "AUDIT_BUCKET_URL": f"http://{at['storage']}/{AUDIT_BUCKET}",
        "STORAGE_SIGNING_ACCOUNT": f"files@{PROJECT}.iam.gserviceaccount.com",
        "RETRAIN_JOB": RETRAIN_JOB,
        "INFERENCE_SERVICE": INFERENCE_SERVICE,
        "CLOUD_RUN_URL": f"http://{at['cloud_run']}",
        "GOOGLE_CLIENT_ID": PROJECT,
        "GOOGLE_CLIENT_SECRET": "no secret on this machine",
        "GOOGLE_ISSUER": f"http://{at['google']}",
        "ZOOM_CLIENT_ID": PROJECT,
        "ZOOM_CLIENT_SECRET": "no secret on this machine",
        "ZOOM_SIGN_IN_URL": f"http://{at['zoom']}",
        "ZOOM_API_URL": f"http://{at['zoom']}",
        "ZOOM_ACCOUNT_ID": PROJECT,
        "ZOOM_MEETINGS_CLIENT_ID": f"{PROJECT}-meetings",
        "ZOOM_MEETINGS_CLIENT_SECRET": "no secret on this machine",
        "ZOOM_WEBHOOK_SECRET": "no secret on this machine",
        "PRIVACY_OFFICER_EMAIL": "privacy-officer@bloom.test",
        "TWO_FACTOR_FOR_STAFF": "false",  # the seeded staff sign in with their password alone
    }
