"""What the origin serves besides the product's interface: the web client, and the pages under /dev/."""

import mimetypes
from collections.abc import Callable
from pathlib import Path

from aiohttp import web

from dev import pages
from dev.forwarding import not_found, problem
from dev.mails import read_mail, read_mails
from dev.pubsub_store import PubSubStore

# A mail's HTML is somebody else's: no script, nothing fetched, links open elsewhere.
_MAIL_POLICY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:"
)


class DevSite:
    """Answers GET for files of the built client and for the local pages."""

    def __init__(self, data_dir: Path, web_client: Path) -> None:
        self._record = data_dir / "pids.json"
        self._mails = data_dir / "mail"
        self._events = data_dir / "pubsub.sqlite"
        self._web_client = web_client.resolve()
        self._pages: dict[str, Callable[[], web.Response]] = {
            "/dev": self._parts,
            "/dev/health": lambda: web.json_response({"status": "up"}),
            "/dev/mail": lambda: _html(pages.mails_page(read_mails(self._mails))),
            "/dev/mail.json": lambda: web.json_response([mail.as_json() for mail in read_mails(self._mails)]),
            "/dev/events": self._event_lists,
        }

    def answer(self, method: str, path: str) -> web.StreamResponse:
        """The page or file of a path."""
        if method not in ("GET", "HEAD"):
            return problem("method-not-allowed", "This method is not offered here", 405, "Only GET is.")
        if path == "/dev" or path.startswith("/dev/"):
            return self._page(path.rstrip("/"))
        return self._client_file(path)

    def _page(self, path: str) -> web.Response:
        if path in self._pages:
            return self._pages[path]()
        mail_id, _, part = path.removeprefix("/dev/mail/").partition("/")
        mail = read_mail(self._mails, mail_id)
        if mail is None or part not in ("", "html"):
            return not_found()
        if part:
            return _html(f'<base target="_blank">{mail.html}', _MAIL_POLICY)
        return _html(pages.mail_page(mail))

    def _parts(self) -> web.Response:
        return _html(pages.parts_page(self._record))

    def _event_lists(self) -> web.Response:
        store = PubSubStore(self._events)
        try:
            return _html(pages.events_page(store.pending(), store.dead_letters()))
        finally:
            store.close()

    def _client_file(self, path: str) -> web.StreamResponse:
        """A file of the built web client; any other address is the client's own, which its index answers."""
        wanted = (self._web_client / path.lstrip("/")).resolve()
        if wanted.is_relative_to(self._web_client) and wanted.is_file():
            return _file(wanted)
        index = self._web_client / "index.html"
        if index.is_file() and not wanted.suffix:
            return _file(index)
        return _html(pages.welcome_page()) if path == "/" else not_found()


def _file(path: Path) -> web.Response:
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return web.Response(body=path.read_bytes(), content_type=kind, headers={"Cache-Control": "no-cache"})


def _html(text: str, policy: str = "default-src 'self'; style-src 'unsafe-inline'") -> web.Response:
    headers = {"Content-Security-Policy": policy, "Cache-Control": "no-store"}
    return web.Response(text=text, content_type="text/html", headers=headers)
