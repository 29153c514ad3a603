"""How the tests are shared between workers: a file to one of them, or a folder whose cloud is started once; the longest
first, so that all workers end together."""

from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from xdist.remote import Producer
    from xdist.scheduler import LoadFileScheduling

ONE_CLOUD: Final = ("tests/whole/", "tests/containers/realtime/")
"""Folders whose tests look at one cloud, which is more than a worker should start for a file of them."""
FIRST: Final = (
    "tests/whole/",
    "tests/functions/auth/",
    "tests/containers/realtime/",
    "tests/concurrency/",
    "tests/containers/",
    "tests/dev/",
    "tests/infra/",
    "tests/functions/",
)
"""Folders, those before the others whose files take long."""


def share_of(nodeid: str) -> str:
    """What has to stay with one worker: the folder, where it has one cloud, or else the file."""
    file = nodeid.split("::", 1)[0]
    return next((folder for folder in ONE_CLOUD if file.startswith(folder)), file)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put in order what a worker tells of itself: shares are handed out as they stand."""
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: _place(item.nodeid))


def _place(nodeid: str) -> int:
    return next((place for place, folder in enumerate(FIRST) if nodeid.startswith(folder)), len(FIRST))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: "Producer") -> "LoadFileScheduling | None":
    """With `--dist loadfile`, hand out shares."""
    if config.getoption("dist") != "loadfile":
        return None
    from xdist.scheduler import LoadFileScheduling

    config.option.loadscopereorder = False
    scheduler = LoadFileScheduling(config, log)
    scheduler._split_scope = share_of
    return scheduler
