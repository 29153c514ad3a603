"""A mail server that delivers nothing: it keeps the last mails as files, for the pages under /dev/mail."""

import argparse
import asyncio
import time
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP

from dev.event_loop import run, run_until_stopped

MAILS_KEPT = 200


class Mailbox:
    """A folder of mails, one `.eml` file each, named so that they sort by arrival."""

    def __init__(self, folder: Path, kept: int = MAILS_KEPT) -> None:
        self._folder = folder
        self._kept = kept
        folder.mkdir(parents=True, exist_ok=True)

    def keep(self, mail: bytes) -> None:
        """Add a mail, and drop the oldest ones beyond the limit."""
        name = f"{time.time_ns():020d}"
        unfinished = self._folder / f"{name}.part"
        unfinished.write_bytes(mail)
        unfinished.rename(self._folder / f"{name}.eml")
        for old in sorted(self._folder.glob("*.eml"))[: -self._kept]:
            old.unlink(missing_ok=True)


class _Keeper:
    """What aiosmtpd calls when a mail is complete."""

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        recipients = ", ".join(envelope.rcpt_tos)
        self._mailbox.keep(f"X-Envelope-To: {recipients}\r\n".encode() + envelope.original_content)
        return "250 OK"


async def serve(port: int, mailbox: Mailbox) -> asyncio.Server:
    """Take mails; port 0 takes a free one."""
    keeper = _Keeper(mailbox)
    loop = asyncio.get_running_loop()
    return await loop.create_server(
        lambda: SMTP(keeper, hostname="bloom.local", enable_SMTPUTF8=True), "127.0.0.1", port
    )


async def _main(port: int, folder: Path) -> None:
    server = await serve(port, Mailbox(folder))
    await run_until_stopped()
    server.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=3050)
    parser.add_argument("--folder", type=Path, required=True)
    arguments = parser.parse_args()
    run(_main(arguments.port, arguments.folder))
