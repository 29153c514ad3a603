"""How much a message worries: explicit words on the spot, the model's scores against its own thresholds."""

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from .risk_language import LONG, Language, Phrase, slips
from .risk_text import plain, without_quotations


class Level(StrEnum):
    """In rising order."""

    NONE = "none"
    LOW = "low"
    RAISED = "raised"
    HIGH = "high"

    @property
    def calls_for_help(self) -> bool:
        """Whether a risk event is opened and its author shown where help is."""
        return self in {Level.RAISED, Level.HIGH}


@dataclass(frozen=True)
class Risk:
    """A level, and which explicit phrases were found, by id."""

    level: Level
    phrases: tuple[str, ...] = ()


_LOOKED_BACK: Final = 100
"""Characters before a phrase in which a negation of it, or whoever it is said of, can stand."""
_CLAUSE_END: Final = r"[.,;:!?()\u2026]"
_WORDS: Final = re.compile(r"[a-z]+(?:-[a-z]+)*")
_BETWEEN: Final = "me|us|him|her|them|that|like|should|could|go|and|que|dass|di|de|da"
_THINKS: Final = "think|thinking|thought|feel|keep|mean|pienso|denke|pense|penso"
_INNER_VOICE: Final = (
    r"\bmy (?:head|mind|brain|heart|diary|journal|note)\b|\bvoices?\b|\bthoughts?\b"
    r"|\b(?:dije|escribi|pense|falei|escrevi|ho detto|ho scritto|jai dit|jai ecrit)\b"
)


class _Around:
    """What is looked for around the phrases of a language; each pattern is compiled when it is first needed."""

    def __init__(self, language: Language) -> None:
        self._language = language

    @functools.cached_property
    def clause_end(self) -> re.Pattern[str]:
        """Where the thought ends that a phrase belongs to."""
        return re.compile(rf"{_CLAUSE_END}|\b(?:{self._language.turns})\b")

    @functools.cached_property
    def denied(self) -> re.Pattern[str]:
        """A denial that leads up to the phrase."""
        asks = "".join(rf"(?<!{ask} )" for ask in self._language.asks.split("|"))
        return re.compile(rf"{asks}\b(?:{self._language.denials})(?: (?:{self._language.leads})){{0,6}} $")

    @functools.cached_property
    def reported(self) -> re.Pattern[str]:
        """Somebody else who says it, up to the phrase."""
        between = rf"{self._language.selves}|{self._language.leads}|{_BETWEEN}"
        others, says = self._language.others, self._language.says
        return re.compile(rf"\b(?:{others})(?: \w+)? (?:{says})(?: (?:{between})){{0,8}} $")

    @functools.cached_property
    def subject(self) -> re.Pattern[str]:
        """Who does or feels something."""
        return re.compile(rf"\b(?:(?P<other>{self._language.others})|(?P<own>{self._language.selves}))\b")


class _Known:
    """A phrase to be looked for; compiled when a text first holds a word of it."""

    def __init__(self, phrase: Phrase, around: _Around) -> None:
        self.phrase = phrase
        self._around = around

    @functools.cached_property
    def _pattern(self) -> re.Pattern[str]:
        return re.compile(rf"\b(?:{self.phrase.pattern})")

    def is_said(self, text: str) -> bool:
        """Whether somebody says it outright, and of themselves."""
        return any(self._is_meant(text, hit) for hit in self._pattern.finditer(text))

    def _is_meant(self, text: str, hit: re.Match[str]) -> bool:
        start = hit.start()
        clause = self._around.clause_end.split(text[max(0, start - _LOOKED_BACK) : start])[-1]
        if self._around.denied.search(clause) or self._around.reported.search(clause):
            return False
        return self.phrase.is_own or not self._is_of_another(f"{clause}{hit[0]}")

    def _is_of_another(self, clause: str) -> bool:
        """Whether the last subject before or within the phrase is somebody else."""
        last = None
        for last in self._around.subject.finditer(clause):  # noqa: B007 - the last one is wanted
            pass
        return last is not None and last.lastgroup == "other"


class _Check:
    """Everything that is known: phrases by the words of which a text must hold one."""

    def __init__(self, spoken: tuple[Language, ...]) -> None:
        self._spoken = spoken
        self.slips: Final = _slips(spoken)
        self.by_word: Final[dict[str, list[_Known]]] = {}
        for language in spoken:
            around = _Around(language)
            for known in (_Known(phrase, around) for phrase in language.phrases):
                for word in known.phrase.needs.split():
                    self.by_word.setdefault(word, []).append(known)

    @functools.cached_property
    def own_words(self) -> re.Pattern[str]:
        """Before a quotation: that its words are the author's."""
        return re.compile(
            rf"\b(?:{self._all('selves')})(?: \w+){{0,3}} (?:{self._all('says')}|{_THINKS})\b|{_INNER_VOICE}"
        )

    @functools.cached_property
    def others_words(self) -> re.Pattern[str]:
        """Around a quotation: that its words are somebody else's."""
        others, says, works = self._all("others"), self._all("says"), self._all("works")
        return re.compile(rf"\b(?:(?:{others})(?: \w+){{0,3}} (?:{says})|{works}|(?:{says}) (?:{others}))\b")

    def _all(self, member: str) -> str:
        return "|".join(getattr(language, member) for language in self._spoken)

    def is_anothers(self, before: str, after: str) -> bool:
        """Whether a quotation with this around it holds somebody else's words."""
        return not self.own_words.search(before) and bool(
            self.others_words.search(before) or self.others_words.search(after)
        )


def explicit_risk(text: str) -> Risk | None:
    """High risk where a text says outright that its author wants to die; None where it does not."""
    check = _check()
    low = without_quotations(plain(text, check.slips), check.is_anothers)
    candidates = {known.phrase.id: known for word in set(_WORDS.findall(low)) for known in check.by_word.get(word, ())}
    found = tuple(sorted(name for name, known in candidates.items() if known.is_said(low)))
    return Risk(Level.HIGH, found) if found else None


def assess(scores: Mapping[str, float], thresholds: Mapping[str, Mapping[str, float]], stated: Risk | None) -> Risk:
    """The level by the model's scores, never below what was stated outright.

    `thresholds` are the model version's own: by class, the scores from which it is `raised` and `high`.
    """
    if stated is not None:
        return stated
    levels = [_level(scores.get(label, 0.0), limits) for label, limits in thresholds.items()]
    return Risk(max(levels, key=list(Level).index, default=Level.NONE))


def _level(score: float, limits: Mapping[str, float]) -> Level:
    if score >= limits["high"]:
        return Level.HIGH
    if score >= limits["raised"]:
        return Level.RAISED
    return Level.LOW if score >= limits["raised"] / 2 else Level.NONE


def languages() -> tuple[Language, ...]:
    """Every language that is known."""
    from . import risk_words_de, risk_words_en, risk_words_es, risk_words_fr, risk_words_it, risk_words_pt

    modules = (risk_words_en, risk_words_es, risk_words_pt, risk_words_fr, risk_words_de, risk_words_it)
    return tuple(module.LANGUAGE for module in modules)


@functools.cache
def _check() -> _Check:
    return _Check(languages())


def _slips(spoken: tuple[Language, ...]) -> dict[str, str]:
    words = {word for language in spoken for word in language.keywords.split()}
    words_of_their_own = words | {word for language in spoken for word in language.not_slips.split()}
    words_of_their_own |= {word for language in spoken for phrase in language.phrases for word in phrase.needs.split()}
    return {
        slip: word
        for word in sorted(words)
        if len(word) >= LONG
        for slip in slips(word)
        if slip not in words_of_their_own
    }
