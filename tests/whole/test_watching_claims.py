"""Nothing that a person reads says or lets them believe that somebody is watching: messages are not followed live."""

import ast
import re
from pathlib import Path

from tests.whole.source import ROOT, files, name, parsed

WHO = r"(?:we(?:'re| are|'ll| will)?|somebody|someone|our team|therapists?|clinicians?|staff|a human|help)"
HOW = r"(?:is |are |always |constantly |now |immediately |will be |will )*"
DOES = (
    r"(?:watch(?:es|ing)?|monitor(?:s|ing|ed)?|on (?:the|its) way|be there within|respond (?:immediately|at once)"
    r"|looking after you 24/?7)"
)
CLAIMS = re.compile(
    rf"\b{WHO} {HOW}{DOES}"
    r"|\b(?:24/7|around the clock|round the clock|in real time) (?:monitor|support|watch|care|by our)"
    r"|\b(?:monitored|watched over|supervised) (?:24|live|around|continuously|in real time|by)"
    r"|\byou are (?:safe now|not alone right now, we|being (?:watched|monitored))",
    re.IGNORECASE,
)
# What people read: answers and mails of the functions, the relay's words, and the pages of the web client.
WORDED = ("functions", "containers/realtime", "shared")
PAGES = (".tsx", ".ts", ".html", ".json")


def said_in(path: Path) -> list[str]:
    """The texts in a Python file that may reach a person: its strings, without those that document it."""
    tree = parsed(path)
    documented = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documented
    ]


def test_no_answer_mail_or_page_claims_that_somebody_is_watching() -> None:
    found = [f"{name(path)}: {text[:80]}" for path in files(*WORDED) for text in said_in(path) if CLAIMS.search(text)]
    sources = (
        *(ROOT / "web" / "src").rglob("*"),
        *(ROOT / "web" / "public").rglob("*"),
        *(ROOT / "web").glob("*.html"),
    )
    web = [path for path in sources if path.suffix in PAGES]
    assert len(web) > 100
    found += [
        f"{name(path)}: {hit[0]}" for path in web for hit in [CLAIMS.search(path.read_text("utf-8", "ignore"))] if hit
    ]
    assert found == []


def test_the_search_would_find_such_a_claim() -> None:
    claims = (
        "We are watching this conversation.",
        "Someone is monitoring your messages",
        "Help is on the way",
        "Your chat is monitored 24 hours a day",
        "24/7 support for you",
        "Our team will respond immediately",
        "You are being watched over, you are safe now",
    )
    assert [claim for claim in claims if not CLAIMS.search(claim)] == []
    assert CLAIMS.search("Find a helpline near you") is None
    assert CLAIMS.search("Your therapist reads this when they are next here") is None
