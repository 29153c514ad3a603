"""What the origin serves besides the product's interface: the web client, and the pages under /dev/."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from types import MappingProxyType

from aiohttp import web

from dev import pages
from dev.forwarding import not_found, problem
from dev.mails import read_mail, read_mails
from dev.pubsub_store import PubSubStore
from dev.status_page import status_page
from dev.status_page_traces import root_of, trace_page_content, traces_table
from dev.telemetry_store import TelemetryStore
from dev.web_client import WebClient

_STYLE = Path(__file__).with_name("status_page.css")
_TRACES_LISTED = 60
_NOTHING_SAID: Mapping[str, str] = MappingProxyType({})
# Our own pages run nothing and load nothing but their style.
_PAGE_POLICY = "; ".join(
    (
        "default-src 'none'",
        "style-src 'self'",
        "frame-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
# A mail's HTML is somebody else's: no script, nothing fetched, links open elsewhere.
_MAIL_POLICY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:"
)


class DevSite:
    """Answers GET for files of the built client and for the local pages."""

    def __init__(self, data_dir: Path, web_client: WebClient) -> None:
        self._record = data_dir / "pids.json"
        self._mails = data_dir / "mail"
        self._events = data_dir / "pubsub.sqlite"
        self._telemetry = data_dir / "telemetry.sqlite"
        self._web_client = web_client
        self._pages: dict[str, Callable[[], web.Response]] = {
            "/dev": self._overview,
            "/dev/parts": lambda: _html(pages.parts_page(self._record)),
            "/dev/traces": self._traces,
            "/dev/style.css": _style,
            "/dev/health": lambda: web.json_response({"status": "up"}),
            "/dev/mail": lambda: _html(pages.mails_page(read_mails(self._mails))),
            "/dev/mail.json": lambda: web.json_response([mail.as_json() for mail in read_mails(self._mails)]),
            "/dev/events": self._event_lists,
        }

    def answer(self, method: str, path: str, asked: Mapping[str, str] = _NOTHING_SAID) -> web.StreamResponse:
        """The page or file of a path, by the request's headers."""
        if method not in ("GET", "HEAD"):
            return problem("method-not-allowed", "This method is not offered here", 405, "Only GET is.")
        if path == "/dev" or path.startswith("/dev/"):
            return self._page(path.rstrip("/"))
        found = self._web_client.answer(path, asked)
        if found is not None:
            return found
        return _html(pages.welcome_page()) if path == "/" else not_found()

    def _page(self, path: str) -> web.Response:
        if path in self._pages:
            return self._pages[path]()
        if path.startswith("/dev/traces/"):
            return self._trace(path.removeprefix("/dev/traces/"))
        mail_id, _, part = path.removeprefix("/dev/mail/").partition("/")
        mail = read_mail(self._mails, mail_id)
        if mail is None or part not in ("", "html"):
            return not_found()
        if part:
            return _html(f'<base target="_blank">{mail.html}', _MAIL_POLICY)
        return _html(pages.mail_page(mail))

    def _overview(self) -> web.Response:
        mails = read_mails(self._mails)
        with closing(PubSubStore(self._events)) as events, self._recorded() as store:
            return _html(status_page(self._record, store, mails, events.pending(), events.dead_letters()))

    def _event_lists(self) -> web.Response:
        with closing(PubSubStore(self._events)) as store:
            return _html(pages.events_page(store.pending(), store.dead_letters()))

    def _traces(self) -> web.Response:
        with self._recorded() as store:
            return _html(pages.page("Traces", traces_table(store.last_traces(_TRACES_LISTED) if store else [])))

    def _trace(self, trace_id: str) -> web.Response:
        with self._recorded() as store:
            spans = store.trace(trace_id) if store else []
        if not spans:
            return not_found()
        return _html(pages.page(root_of(spans).name, trace_page_content(spans)))

    @contextmanager
    def _recorded(self) -> Iterator[TelemetryStore | None]:
        """What the collector keeps; None where there is none."""
        if not self._telemetry.exists():
            yield None
            return
        with closing(TelemetryStore(self._telemetry)) as store:
            yield store


def _style() -> web.Response:
    return web.Response(body=_STYLE.read_bytes(), content_type="text/css", headers={"Cache-Control": "no-cache"})


def _html(text: str, policy: str = _PAGE_POLICY) -> web.Response:
    headers = {"Content-Security-Policy": policy, "Cache-Control": "no-store"}
    return web.Response(text=text, content_type="text/html", headers=headers)
