"""Italian: words for wanting to die, and the words around them."""

from typing import Final

from .risk_language import Language, Phrase

LANGUAGE: Final = Language(
    phrases=(
        Phrase(
            "it-uccidermi",
            "uccidermi ammazzarmi uccidere ammazzare suicidarmi suicidio vita finita ammazzo uccido suicidare",
            r"uccidermi|mi (?:voglio|vorrei|sto per) (?:uccidere|ammazzare|suicidare)|ammazzarmi(?! (?:di|dalle|dal"
            r"|al|per) )|suicidarmi|mi (?:uccido|ammazzo)(?= *$|[^\w ]| (?:oggi|stasera|stanotte|domani))"
            r"|togliermi la vita|(?:voglio|vorrei|voglia di|pensato di|sto per|a|di) farla finita(?! con (?!la vita"
            r"|tutto))|farla finita(?= *$|[^\w ])"
            r"|(?:penso|pensando|pensato|pensare) al suicidio|porre fine alla mia vita",
            is_own=True,
        ),
        Phrase(
            "it-morire",
            "morire morta morto",
            r"(?:voglio|vojo|vorrei|volevo|voglia di|preferirei|spero di|desidero) (?:solo |soltanto |davvero "
            r"|proprio )?(?:morire|essere mort[oa])\b"
            r"(?! (?:dal|dalle|dalla|di (?:fame|sete|sonno|noia|vergogna|vecchiaia|caldo|freddo|invidia|risate"
            r"|ridere|amore)|felice|vecchi[oa]|in pace|sul))"
            r"|sarebbe meglio se (?:fossi mort[oa]|morissi)|vorrei non svegliarmi(?= *$|[^\w ]| (?:piu|mai))",
        ),
        Phrase(
            "it-non-vivere",
            "vivere esistere svegliarmi",
            r"n(?:on|n) (?:voglio|vorrei|ho|ce la faccio) (?:piu )?(?:voglia di |a )?(?:continuare a )?(?:vivere"
            r"|esistere|svegliarmi(?= *$|[^\w ]| (?:piu|mai|domani)))(?: piu)?"
            r"(?! (?:qui|qua|li|la|a|ad|in|con|senza|da|cosi|come|nel|nella|sola?|solo|lontan\w|vicin\w|di))"
            r"|non vale (?:piu )?la pena (?:di )?vivere|(?:non ho|nessun|non ce) (?:piu )?(?:un |nessun )?(?:motivo"
            r"|ragione|ragioni|motivi) (?:per|di) vivere(?! (?:qui|a|in|con))",
        ),
        Phrase("it-senza-me", "me", r"meglio senza (?:di )?me(?= *$|[^\w ])", is_own=True),
        Phrase(
            "it-metodo",
            "impiccarmi vene ponte treno pastiglie pillole buttarmi spararmi tagliarmi",
            r"impiccarmi|tagliarmi le vene|spararmi(?! (?:un film|una serie|un gelato|nei? pied|un selfie))"
            r"|(?:buttarmi|lanciarmi|gettarmi) (?:da|dal|dalla|giu da|giu dal|sotto|sotto il|sotto un) ?(?:un |il "
            r"|la |una )?(?:ponte|treno|balcone|finestra|metro|tetto|palazzo)"
            r"|(?:prendere|ingoiare) tutte le (?:pastiglie|pillole)",
            is_own=True,
        ),
    ),
    denials=r"non|mai|nessuna?|senza|ne|smesso di|neanche|nemmeno|nn|non e che",
    leads=(
        r"voglio|vorrei|ho|intenzione|di|mi|voglia|a|penso|pensato|mai|piu|sto|davvero|realmente|pensando|il|di"
        r"|alcuna|nessuna|io|l|farmi|del|male|o|sono|nel|modo|assoluto|desiderio|idea|provato|cerco"
    ),
    asks="perche",
    turns="ma|perche|pero|anche se|eppure",
    selves="io|mi|me|voglio|vojo|vorrei|ho|preferirei|desidero",
    others=(
        r"lui|lei|loro|tu|voi|qualcuno|nessuno|gente|chi|(?:mio|mia|un|una|il|la) (?:\w+ )?(?:fratello|sorella|amico"
        r"|amica|madre|padre|mamma|papa|figlio|figlia|cugino|cugina|ragazzo|ragazza|zio|zia|vicino|vicina|capo"
        r"|marito|moglie|collega|personaggio|paziente)"
    ),
    says=(
        "ha detto|dice|diceva|dicendo|urlava|urla|ha scritto|scrive|canta|cantava|racconta|ripete|ripeteva"
        "|ha chiesto|chiamat[oa]|intitolat[oa]|detto|scritto"
    ),
    works=(
        "canzone|film|libro|romanzo|poesia|titolo|articolo|serie|scena|frase|testo|cartello|capitolo|opera|citazione"
        "|personaggio|verso|meme|ritornello"
    ),
    keywords="uccidermi ammazzarmi suicidarmi impiccarmi suicidio",
    not_slips="suicidarme suicidari suicidaria suicidarsi",
)
