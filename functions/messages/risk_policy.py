"""How much a message worries: explicit words on the spot, the model's scores against its own thresholds."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


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


# Words by which people say that they want to die or to end their life, over text as `_plain` leaves it: lower case,
# no accents, no apostrophes. Each is whole words. Ids are stable: they are kept with the risk event.
PHRASES: Final[dict[str, str]] = {
    "en-kill-myself": r"(?:kill(?:ing)?|unalive) (?:myself|my self)(?! (?:laughing|with laughter|at (?:work|the gym)))",
    "en-end-my-life": r"end(?:ing)? (?:my (?:own )?life(?! insurance)|it all)",
    "en-take-my-life": r"tak(?:e|ing) my (?:own )?life(?! (?:back|seriously|for granted|into|in (?:my own hands|a )))",
    "en-want-to-die": r"(?:want(?:ed|ing)?|wanna|wish|ready|plan(?:ning)?) (?:to )?(?:die|be dead)"
    r"(?! (?:(?:of|from) (?:old age|embarrassment|shame|laughter|laughing|boredom|cringe|happiness)|laughing|happy))",
    "en-wish-dead": r"(?:wish i (?:was|were)|(?:be )?better off) dead",
    "en-better-off": r"better off without me",
    "en-suicidal": r"(?:feel(?:ing)?|am|im|being) suicidal|(?:have|having|had|get|getting) (?:\w+ )?suicidal thoughts",
    "en-suicide-plan": r"commit(?:ting)? suicide|suicide (?:plan|note)|(?:think(?:ing)?|thought) (?:about|of) suicide",
    "en-not-live": r"(?:dont|do not|no longer|never) (?:want to|wanna) (?:"
    r"(?:live|be alive|exist)(?! (?:here|there|in|with|at|near|next|on|off|under|by|alone|together|without))"
    r"|(?:be here|wake up)(?=\W*$|[^\w ]| [^\w ]| any| again| at all| tomorrow))",
    "en-no-reason": r"(?:no|not any) (?:reason|point) (?:to|in) (?:live|living|going on|go on)",
    "en-method": r"(?:hang(?:ing)?|drown(?:ing)?|poison(?:ing)?) myself|shoot(?:ing)? myself(?! in the foot)"
    r"|(?:slit(?:ting)?|cut(?:ting)?) my wrists?|(?:want to|wanna|going to|gonna|ready to|thinking (?:about|of)) "
    r"(?:overdos(?:e|ing)|jump(?:ing)? (?:off|in front of) (?:a|the) (?:bridge|building|roof|cliff|train))",
    "es-matarme": r"matarme(?! (?:de risa|trabajando))|quitarme la vida|suicidarme",
    "es-morir": r"(?:quiero|quisiera|deseo|ganas de) (?:morir(?:me)?|estar muert[oa])"
    r"(?! de (?:risa|verguenza|amor|hambre|sueno))",
    "es-no-vivir": r"no (?:quiero|deseo) (?:seguir )?vivi(?:r|endo)(?! (?:aqui|alli|en|con|sin|sol[oa]))",
    "fr-tuer": r"me tuer(?! (?:au|a la|de) (?:travail|tache|boulot|rire))|me suicider|mettre fin a (?:mes jours|ma vie)"
    r"|(?:veux|voudrais|vais|envie d)(?: |)en finir(?! avec (?!la vie|ma vie|tout))",
    "fr-mourir": r"(?:veux|voudrais|envie de|aimerais) (?:mourir|etre morte?)(?! de (?:rire|honte|faim|soif))",
    "fr-ne-plus-vivre": r"(?:ne )?(?:veux|voudrais|ai) plus (?:envie de )?(?:vivre|etre la)"
    r"(?! (?:ici|a|en|avec|dans|sans))",
    "de-umbringen": r"mich umbringen|bringe mich um|mich to(?:e)?ten|mir das leben nehmen|selbstmord begehen"
    r"|mein(?:em)? leben (?:beenden|ein ende setzen)",
    "de-sterben": r"(?:will|mo(?:e)?chte|wu(?:e)?nschte,? ich (?:konnte|ware|waere)) (?:nur noch |einfach |lieber )?"
    r"(?:sterben|tot(?: sein)?)|(?:ware|waere) (?:gern|gerne|lieber|besser) tot",
    "de-nicht-leben": r"(?:will|mo(?:e)?chte|mag) (?:einfach )?nicht mehr (?:leben|da sein|aufwachen)",
    "pt-matar": r"(?:me matar|matar-me)(?! de (?:rir|trabalhar|estudar))|tirar (?:a )?minha (?:propria )?vida"
    r"|acabar com (?:a )?minha vida|suicidar-me|me suicidar",
    "pt-morrer": r"(?:quero|queria|vontade de) (?:morrer|estar mort[oa])(?! de (?:rir|vergonha|fome|amor))",
    "pt-nao-viver": r"nao quero (?:mais )?(?:continuar a )?viver(?! (?:aqui|em|no|na|com|sem))",
    "it-uccidermi": r"uccidermi|(?:voglio|vorrei) (?:uccider|ammazzar)mi|mi (?:voglio|vorrei) (?:uccidere|ammazzare)"
    r"|ammazzarmi(?! (?:di|dalle) )|suicidarmi|togliermi la vita|farla finita",
    "it-morire": r"(?:voglio|vorrei|voglia di) (?:morire|essere mort[oa])(?! (?:dal|dalle|di) )",
    "it-non-vivere": r"non (?:voglio|ho) (?:piu )?(?:voglia di )?vivere(?! (?:qui|a|in|con|senza))",
}
_PATTERNS: Final = {name: re.compile(rf"\b(?:{pattern})\b") for name, pattern in PHRASES.items()}
# Said not to be so: a negation, and between it and the phrase nothing but words that lead from one to the other. Any
# other word may begin a thought of its own ("im not ok i want to die"), and "why not" denies nothing.
_DENIED: Final = re.compile(
    r"(?<!why )(?<!pourquoi )(?<!warum )(?<!porque )(?<!por que )(?<!perche )"
    r"\b(?:no|not|never|dont|didnt|doesnt|wouldnt|wont|isnt|nunca|jamas|jamais|ne|pas|nicht|nie|keinen?|nao|non|mai)"
    r"(?: (?:longer|ever|even|really|actually|currently|just|here|any|at|all|have|having|had|be|being|feel|feeling"
    r"|going|gonna|want|wanting|wanted|wanna|wish|desire|intend|intending|intentions?|plans?|planning|try|trying|think"
    r"|thinking|thoughts?|about|of|to|will|would|a|voy|quiero|quisiera|pienso|en|de|tengo|ganas|me|vais|veux"
    r"|voudrais|envie|ai|plus|werde|mo?chte|mich|mehr|zu|vou|quero|penso|em|vontade|voglio|vorrei|ho|intenzione|di|mi"
    r"|voglia)){0,4} $"
)
_CLAUSE_END: Final = re.compile(r"[.,;:!?]|\b(?:but|pero|mais|aber|ma|mas)\b")
_LOOKED_BACK: Final = 80
"""Characters before a phrase in which a negation of it can stand."""
_MARKS: Final = str.maketrans("", "", "'`\u00b4\u2018\u2019\u02bc\u2032*_~\"\u201c\u201d\u201e\u00ab\u00bb")
"""Apostrophes, quotation marks, and what stands around words for emphasis."""


def explicit_risk(text: str) -> Risk | None:
    """High risk where a text says outright that its author wants to die; None where it does not."""
    plain = _plain(text)
    found = tuple(
        name for name, pattern in _PATTERNS.items() if any(_is_meant(plain, hit) for hit in pattern.finditer(plain))
    )
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


def _is_meant(plain: str, hit: re.Match[str]) -> bool:
    before = plain[max(0, hit.start() - _LOOKED_BACK) : hit.start()]
    return _DENIED.search(_CLAUSE_END.split(before)[-1]) is None


def _plain(text: str) -> str:
    # The acute accent on its own goes first: NFKC would make a blank and a combining mark of it.
    composed = unicodedata.normalize("NFKC", text.translate(_MARKS)).casefold().translate(_MARKS)
    letters = unicodedata.normalize("NFKD", composed)
    kept = "".join(letter for letter in letters if unicodedata.category(letter) not in _INVISIBLE)
    return re.sub(r"\s+", " ", kept)


_INVISIBLE: Final = {"Mn", "Me", "Cf"}
"""Accents, and what has no width: joiners, soft hyphens, marks of direction."""
