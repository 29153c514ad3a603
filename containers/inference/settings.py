"""The container's own settings, read once from the environment: the only place here that looks there."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import get_args

from containers.inference.model_directory import EngineName

_MAY_BE_ZERO = {("port", 0), ("batch_wait_ms", 0)}


class SettingMalformed(Exception):
    """A setting cannot be used; the message is one line that names it."""


@dataclass(frozen=True)
class Settings:
    """One attribute per environment variable, whose name is the attribute's in capitals."""

    host: str = "127.0.0.1"
    port: int = 3010
    model_path: str = field(default_factory=lambda: str(Path(__file__).parent / "model"))
    """A model directory or a URL that fsspec knows, `gs://…` among them."""
    model_manifest_sha256: str = ""
    """When given, the only manifest.json that is accepted."""
    inference_engine: EngineName = "onnx"
    """`onnx`, or `torch` in an image that holds torch and transformers: a GPU where there is one."""
    inference_threads: int = 1
    max_queue: int = 256
    """Texts that may wait; more are answered with 429. What was sent alone is not held back by waiting batches."""
    max_queue_tokens: int = 65_536
    """Tokens that may wait; a request that holds more than half of them is taken where no more than half wait."""
    max_batch_texts: int = 32
    """Texts in one `/predict/batch`."""
    max_text_characters: int = 8000
    max_body_bytes: int = 2 * 1024 * 1024
    batch_tokens: int = 4096
    """Tokens that one run of the network takes at most."""
    run_ms: int = 50
    """How long one run may take by what the runs before took, at least one window: who comes meanwhile waits for it."""
    batch_wait_ms: int = 0
    """How long an idle network waits for company for a text. At no load does that pay, see README.md: batches form by
    themselves while the network is busy, and a wait is added to every answer."""
    inference_callers: str = ""
    """Mail addresses of the service accounts that may ask, comma-separated; empty: anybody may."""
    inference_audience: str = ""
    """Whom the callers' ID tokens have to be for; needed with INFERENCE_CALLERS."""
    inference_issuer: str = "https://accounts.google.com"
    inference_certs_url: str = "https://www.googleapis.com/oauth2/v1/certs"
    """Where the issuer publishes its certificates by key id."""
    drain_seconds: int = 8
    """How long answers in progress may take after SIGTERM; Cloud Run allows ten seconds."""
    otel_exporter_otlp_endpoint: str = ""
    """Base URL of an OpenTelemetry collector, without a trailing slash; empty: no trace is continued."""
    otel_exporter_otlp_headers: str = ""
    """Headers for the collector: NAME=VALUE, comma-separated."""
    traces_export_seconds: int = 5

    def __post_init__(self) -> None:
        """Raises SettingMalformed for values that cannot work."""
        for name in self.__dataclass_fields__:
            value = getattr(self, name)
            if isinstance(value, int) and not 0 < value < 2**31 and (name, value) not in _MAY_BE_ZERO:
                raise SettingMalformed(f"{name.upper()} must be a positive number")
        if self.inference_engine not in get_args(EngineName):
            raise SettingMalformed(f"INFERENCE_ENGINE must be one of {', '.join(get_args(EngineName))}")
        if self.port > 65535:
            raise SettingMalformed("PORT must be at most 65535")
        if self.max_queue < self.max_batch_texts:
            raise SettingMalformed("MAX_QUEUE must be at least MAX_BATCH_TEXTS")
        if len({bool(self.inference_callers), bool(self.callers), bool(self.inference_audience)}) > 1:
            raise SettingMalformed("INFERENCE_CALLERS and INFERENCE_AUDIENCE go together")

    @property
    def callers(self) -> tuple[str, ...]:
        """The addresses in INFERENCE_CALLERS."""
        return tuple(filter(None, (each.strip() for each in self.inference_callers.split(","))))


def read_settings(environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings that the environment names, defaults for the rest; raises SettingMalformed."""
    # Read by gcsfs when a gs:// model is opened: without it every start waits for bucket probes.
    os.environ.setdefault("GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT", "false")
    given: dict[str, str | int] = {}
    for name, attribute in Settings.__dataclass_fields__.items():
        value = environment.get(name.upper(), "")
        if value:
            given[name] = _number(name, value) if attribute.type is int else value
    return Settings(**given)  # type: ignore[arg-type]


def _number(name: str, value: str) -> int:
    if not value.isascii() or not value.isdigit():
        raise SettingMalformed(f"{name.upper()} must be a whole number")
    return int(value)
