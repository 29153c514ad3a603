"""The whole local cloud, or some of its parts, as one context: what `python -m dev` runs and tests take pieces of."""

import fcntl
import functools
import shutil
import signal
import tempfile
import time
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING, Self

from dev.environment import ROOT, generated_secrets, product_settings, recorded_settings, system_environment
from dev.parts import ONLY_WHERE_ASKED_FOR, PARTS, REPLACED_BY, Place
from dev.ports import PORTS, CannotStart, free_ports, require_free
from dev.postgres import database_url, socket_folder
from dev.processes import end_leftovers
from dev.running_part import Part, Status
from dev.supervisor import Supervisor, Watcher

if TYPE_CHECKING:
    from dev.id_tokens import IdTokens

_FATAL = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGABRT)


class LocalCloud:
    """Processes on this machine that together are the product's cloud.

    Without `data_dir` it lives in a temporary folder that is removed at the end; without `ports` it takes free ones;
    without `parts` it has all of them but what records the others. `settings` are environment variables for every
    part. `given` is the environment to build on (a service that it names replaces its part); without it only the
    machine's own variables are taken over.
    """

    def __init__(
        self,
        data_dir: Path | None = None,
        *,
        ports: Mapping[str, int] | None = None,
        parts: Collection[str] | None = None,
        settings: Mapping[str, str] | None = None,
        given: Mapping[str, str] | None = None,
        watcher: Watcher | None = None,
    ) -> None:
        self._temporary = data_dir is None
        self.data_dir = Path(tempfile.mkdtemp(prefix="bloom-")) if data_dir is None else data_dir.absolute()
        self.ports = dict(free_ports() if ports is None else ports)
        self._given = {**(system_environment() if given is None else given), **(settings or {})}
        self.replaced = {name: setting for name, setting in REPLACED_BY.items() if self._given.get(setting)}
        wanted = set(PARTS) - ONLY_WHERE_ASKED_FOR if parts is None else parts
        if unknown := set(wanted) - set(PARTS):
            raise ValueError(f"no such parts: {', '.join(sorted(unknown))}")
        self.names = [name for name in PARTS if name in wanted and name not in self.replaced]
        self._watcher = watcher
        self._lock: IO[str] | None = None
        self._supervisor: Supervisor | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Bring every part up.

        Raises CannotStart with one line that says why not; then nothing is left running.
        """
        try:
            self._take_folder()
            end_leftovers(self.data_dir / "pids.json")
            require_free({name: self.ports[name] for name in self.names if name in PORTS})
            self._supervisor = Supervisor(self._parts(), self.data_dir, self._watcher)
            self._supervisor.start()
        except BaseException:
            self.stop()
            raise

    def _take_folder(self) -> None:
        """Make the data folder, and refuse a second cloud in it."""
        try:
            self.data_dir.mkdir(parents=True, exist_ok=True)
            self.data_dir.chmod(0o700)  # mails and keys are nobody else's
            self._lock = (self.data_dir / "lock").open("a+")
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._create_signing_key()
        except BlockingIOError:
            raise CannotStart(f"the local cloud already runs in {self.data_dir}: stop it first") from None
        except OSError as error:
            raise CannotStart(f"{error.filename or self.data_dir} cannot be written: {error.strerror}") from None

    def _create_signing_key(self) -> None:
        key_file = self.data_dir / "oidc-key.json"
        if not key_file.exists():
            from dev.id_tokens import create_key  # 200 ms, at the first start alone

            create_key(key_file)

    def _parts(self) -> list[Part]:
        place = Place(ROOT, self.data_dir, self.ports, self.settings)
        return [PARTS[name](place) for name in self.names]

    @functools.cached_property
    def settings(self) -> dict[str, str]:
        """The environment that every part is given, by the names of `shared/settings.py`."""
        local = product_settings(self.ports, database_url(self.data_dir, "bloom_app"))
        recorded = recorded_settings(self.ports) if "telemetry" in self.names else {}
        return {**local, **recorded, **generated_secrets(self.data_dir / "env"), **self._given}

    def stop(self) -> None:
        """End every part, and remove the folder if it was a temporary one."""
        if self._supervisor is not None:
            self._supervisor.stop()
            self._supervisor = None
        if self._lock is not None:
            self._lock.close()
            self._lock = None
        if self._temporary:
            shutil.rmtree(self.data_dir, ignore_errors=True)
        if not socket_folder(self.data_dir).is_relative_to(self.data_dir):
            shutil.rmtree(socket_folder(self.data_dir), ignore_errors=True)

    @property
    def supervisor(self) -> Supervisor:
        """What watches the parts, while they run."""
        if self._supervisor is None:
            raise RuntimeError("the local cloud is not started")
        return self._supervisor

    @property
    def origin(self) -> str:
        """The one origin that clients use."""
        return self.settings["BASE_URL"]

    @functools.cached_property
    def id_tokens(self) -> "IdTokens":
        """Signs ID tokens as the local issuer does, for tests of internal routes."""
        from dev.id_tokens import IdTokens, load_key  # 200 ms that no other use of a cloud needs; the key is 100 more

        return IdTokens(load_key(self.data_dir / "oidc-key.json"), self.settings["OIDC_ISSUER"])

    def url(self, name: str) -> str:
        """The base URL of a part itself, behind the gateway."""
        return f"http://127.0.0.1:{self.ports[name]}"

    def pid(self, name: str) -> int:
        """The process id of a part; 0 while it has none."""
        return self.status(name).pid

    def status(self, name: str) -> Status:
        """What is known of a part."""
        return self.supervisor[name].status

    def environment(self, name: str) -> dict[str, str]:
        """The environment of a part's process."""
        return dict(self.supervisor[name].part.environment)

    def stop_part(self, name: str) -> None:
        """Take a part away until `start_part`."""
        running = self.supervisor[name]
        running.ask_to_stop()
        running.wait_until_ended(3.0)

    def start_part(self, name: str) -> None:
        """Bring a stopped part back, and wait until it is up."""
        self.supervisor[name].start()
        self.supervisor.wait_until_up([name])

    def kill_part(self, name: str, signal_number: int = signal.SIGKILL) -> None:
        """Send a part a signal; returns once the process is gone where the signal ends it. It is restarted."""
        process = self.pid(name)
        self.supervisor[name].send(signal_number)
        deadline = time.monotonic() + 10
        while signal_number in _FATAL and self.pid(name) == process and time.monotonic() < deadline:
            time.sleep(0.005)

    def wait_until_up(self, *names: str) -> None:
        """Wait until these parts, or all of them, are up."""
        self.supervisor.wait_until_up(names or self.names)
