"""The container's own settings, read once from the environment: the only place here that looks there."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


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
    inference_threads: int = 1
    max_queue: int = 256
    """Texts that may wait; more are answered with 429."""
    max_batch_texts: int = 32
    """Texts in one `/predict/batch`."""
    max_text_characters: int = 8000
    max_body_bytes: int = 2 * 1024 * 1024
    batch_tokens: int = 4096
    """Tokens that one run of the network takes at most, unless a single text holds more."""
    drain_seconds: int = 8
    """How long answers in progress may take after SIGTERM; Cloud Run allows ten seconds."""

    def __post_init__(self) -> None:
        """Raises SettingMalformed for values that cannot work."""
        for name in self.__dataclass_fields__:
            value = getattr(self, name)
            if isinstance(value, int) and not 0 < value < 2**31 and (name, value) != ("port", 0):
                raise SettingMalformed(f"{name.upper()} must be a positive number")
        if self.port > 65535:
            raise SettingMalformed("PORT must be at most 65535")
        if self.max_queue < self.max_batch_texts:
            raise SettingMalformed("MAX_QUEUE must be at least MAX_BATCH_TEXTS")


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
