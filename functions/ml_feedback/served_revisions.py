"""Which revisions of the classifier Cloud Run serves: a challenger beside the stable one, or one for everybody.

Cloud Run splits traffic at random for each request, so a challenger gets none of it: it has a tag, and by that an
address of its own. Each function here brings the service one step nearer to what is wanted and says how far it is;
whoever wants it asks again with the next tick.
"""

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from shared.problems import Unavailable
from shared.settings import settings

from . import cloud_run

TAG: Final = "challenger"
MODEL_VARIABLES: Final = ("MODEL_PATH", "MODEL_MANIFEST_SHA256")
SECONDS_TO_ANSWER: Final = 20.0
_EVERYBODY: Final = 100


class ServingAway(Unavailable):
    """Cloud Run did not say or do what was asked, or no service is named here."""

    title = "Cloud Run cannot be reached to change which model is served; please try again later"


class RevisionFailed(Exception):
    """A revision did not come up: its model is unusable, or too large."""


@dataclass(frozen=True)
class ServedRevision:
    """A revision by name, and what it is told of its model; nothing where it serves the one of its image."""

    name: str
    variables: Mapping[str, str]


def service_name() -> str:
    """The service's own name, which its revisions' names begin with."""
    return settings().inference_service.rpartition("/")[2]


def standing() -> ServedRevision:
    """What everybody is answered by now. Raises ServingAway."""
    service = _read()
    if _EVERYBODY not in [status.percent for status in service.traffic_statuses]:
        raise ServingAway("The classifier's traffic is split")
    return ServedRevision(_serving(service), _model_variables(_container_that_serves(service)))


def serve_beside(stable: str, challenger: ServedRevision) -> str | None:
    """Everybody is served by the stable revision, and the challenger has an address: that, once it answers there.

    Raises ServingAway, RevisionFailed.
    """
    service = _read()
    beside = [_target(stable, _EVERYBODY), _target(challenger.name, 0, tag=TAG)]
    if _arrange(service, challenger, beside):
        return None
    if service.reconciling:
        return None
    if service.terminal_condition.state.name == "CONDITION_FAILED":
        raise RevisionFailed
    return next((str(status.uri) for status in service.traffic_statuses if status.tag == TAG and status.uri), None)


def is_beside(challenger: ServedRevision) -> bool:
    """Whether the challenger still has its address, and nothing was deployed over it. Raises ServingAway."""
    service = _read()
    tagged = [target.revision for target in service.traffic if target.tag == TAG]
    return service.template.revision == challenger.name and tagged == [challenger.name]


def leave_to_deployment() -> bool:
    """What was deployed over a challenger stays as it is, and so does who is served by it, but no address is left.

    Whether that is so. Raises ServingAway.
    """
    service = _read()
    others = [target for target in service.traffic if target.tag != TAG]
    if len(others) == len(service.traffic):
        return not service.reconciling
    service.traffic = others
    _ask_for(service)
    return False


def serve_alone(revision: ServedRevision, meanwhile: str, tagged: str = "") -> bool:
    """Everybody is served by this revision, and what is deployed later follows it; whether that is so.

    Until it is ready the other one serves: "the latest that is ready" may be what is to be got rid of. One that is
    `tagged` keeps its address. Raises ServingAway.
    """
    service = _read()
    is_ready = _short(service.latest_ready_revision) == revision.name
    kept = [_target(tagged, 0, tag=TAG)] if tagged else []
    changed = _arrange(service, revision, [_latest() if is_ready else _target(meanwhile, _EVERYBODY), *kept])
    return is_ready and not changed and not service.reconciling


def deployed_model() -> dict[str, str]:
    """What the latest deployment names as the model; nothing where it is the image's own. Raises ServingAway."""
    return _model_variables(_read().template.containers[0])


def keep_model(variables: Mapping[str, str]) -> None:
    """Have what was deployed serve this model once it gets traffic: who is served by what stays as it is.

    A release moves traffic itself, a share at a time, and may have been taken back. Raises ServingAway.
    """
    service = _read()
    _tell(service.template, variables)
    service.template.revision = ""
    _ask_for(service)


def _arrange(service: Any, revision: ServedRevision, traffic: Sequence[Any]) -> bool:
    """Ask for another template or traffic, where the service has not got these; whether something was asked for.

    A new revision differs by its model alone from the one that serves, not from the template: what was deployed last
    may have been taken back.
    """
    template = service.template
    is_there = template.revision == revision.name
    is_told = _model_variables(template.containers[0]) == dict(revision.variables)
    if is_there and is_told and service.traffic == traffic:
        return False
    if not is_there:
        template.containers[0] = _container_that_serves(service)
    _tell(template, revision.variables)
    template.revision = revision.name
    service.traffic = traffic
    _ask_for(service)
    return True


def _tell(template: Any, variables: Mapping[str, str]) -> None:
    """Name the model, and leave what else the container is told."""
    from google.cloud.run_v2 import EnvVar

    container = template.containers[0]
    others = [variable for variable in container.env if variable.name not in MODEL_VARIABLES]
    container.env = [*others, *(EnvVar(name=name, value=value) for name, value in variables.items())]


def _ask_for(service: Any) -> None:
    try:
        _client(settings().cloud_run_url).update_service(service=service, timeout=SECONDS_TO_ANSWER)
    except cloud_run.failures():
        raise ServingAway from None


def _serving(service: Any) -> str:
    """The revision that answers most requests, by its name."""
    most = max(service.traffic_statuses, key=lambda status: status.percent, default=None)
    return _short((most and most.revision) or service.latest_ready_revision)


def _container_that_serves(service: Any) -> Any:
    """What it runs, and is told."""
    name = f"{service.name}/revisions/{_serving(service)}"
    try:
        revision = _revisions(settings().cloud_run_url).get_revision(name=name, timeout=SECONDS_TO_ANSWER)
    except cloud_run.failures():
        raise ServingAway from None
    return revision.containers[0]


def _read() -> Any:
    if not settings().inference_service:
        raise ServingAway("No service of the classifier is set up here")
    try:
        client = _client(settings().cloud_run_url)
        return client.get_service(name=settings().inference_service, timeout=SECONDS_TO_ANSWER)
    except cloud_run.failures():
        raise ServingAway from None


def _model_variables(container: Any) -> dict[str, str]:
    return {variable.name: variable.value for variable in container.env if variable.name in MODEL_VARIABLES}


def _target(revision: str, percent: int, tag: str = "") -> Any:
    from google.cloud.run_v2 import TrafficTarget, TrafficTargetAllocationType

    by_name = TrafficTargetAllocationType.TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION
    return TrafficTarget(type_=by_name, revision=revision, percent=percent, tag=tag)


def _latest() -> Any:
    from google.cloud.run_v2 import TrafficTarget, TrafficTargetAllocationType

    latest = TrafficTargetAllocationType.TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST
    return TrafficTarget(type_=latest, percent=_EVERYBODY)


def _short(revision: str) -> str:
    return revision.rpartition("/")[2]


@functools.cache
def _client(url: str) -> Any:
    from google.cloud.run_v2 import ServicesClient
    from google.cloud.run_v2.services.services.transports import ServicesRestTransport

    return cloud_run.connected(ServicesClient, ServicesRestTransport, url)


@functools.cache
def _revisions(url: str) -> Any:
    from google.cloud.run_v2 import RevisionsClient
    from google.cloud.run_v2.services.revisions.transports import RevisionsRestTransport

    return cloud_run.connected(RevisionsClient, RevisionsRestTransport, url)
