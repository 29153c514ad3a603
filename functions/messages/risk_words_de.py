"""German: words for wanting to die, and the words around them."""

from typing import Final

from .risk_language import Language, Phrase

_WILL: Final = r"(?:will|wil|mo(?:e)?chte|mochte|wollte|wuerde|wurde|wu(?:e)?nsche mir|hoffe)"

LANGUAGE: Final = Language(
    phrases=(
        Phrase(
            "de-umbringen",
            "umbringen um toten toeten leben selbstmord suizid suizidgedanken suizidal nehmen umbring beenden ende",
            r"mich (?:selbst |selber |einfach |endlich |heute |wirklich |jetzt )?(?:umzu|um)bringen"
            r"|bring(?:e)? mich (?:jetzt |heute |einfach |endlich )?um|mich (?:selbst )?(?:zu )?to(?:e)?ten"
            r"|mir das leben (?:zu )?nehmen|nehme mir das leben|selbstmord (?:zu )?begehen|(?:denke|gedanken|gedacht"
            r"|nachdenken|nachgedacht)(?: \w+){0,2} (?:an|uber|ueber) (?:selbstmord|suizid)(?! (?:pravention"
            r"|praevention))"
            r"|mein(?:em)? leben (?:zu |ein ende (?:zu )?)?(?:beenden|setzen|machen)|habe suizidgedanken"
            r"|bin suizidal|schluss machen mit (?:dem|meinem) leben",
            is_own=True,
        ),
        Phrase(
            "de-sterben",
            "sterben tot steben",
            rf"{_WILL} (?:ich )?(?:nur noch |einfach nur |einfach |lieber |endlich |am liebsten |nur |wirklich "
            rf"|jetzt )?(?:ster?ben|tot(?: sein)?)\b"
            r"(?! (?:vor (?:lachen|scham|hunger|langeweile|neid|liebe)|alt|wie ein held|glucklich))"
            r"|(?:ware|waere|war) (?:ich )?(?:doch |am liebsten |gern |gerne |lieber |besser )(?:schon )?tot"
            r"|wu(?:e)?nschte,? ich (?:ware|waere|war) (?:schon |einfach )?tot"
            r"|sterben wollen|lebensmude|lebensmuede",
        ),
        Phrase(
            "de-nicht-leben",
            "leben sein aufwachen existieren lebn",
            r"(?:will|wil|mo(?:e)?chte|mochte|mag|kann) (?:einfach |wirklich |so |ich )?nicht mehr (?:leben|lebn"
            r"|da sein|am leben sein|aufwachen|existieren|weiterleben|weiter leben)"
            r"(?! (?:hier|dort|in|bei|mit|ohne|wie|so|im|auf|von|allein))|keinen (?:grund"
            r"|sinn) (?:mehr )?(?:zu leben|zum leben|weiterzuleben|am leben zu bleiben)"
            r"|leben (?:hat|macht) keinen sinn mehr|das leben ist nicht (?:mehr )?lebenswert",
        ),
        Phrase(
            "de-ohne-mich",
            "ohne",
            r"(?:besser|besser dran) ohne mich(?= *$|[^\w ]| (?:dran|auf der welt))|ohne mich besser dran",
            is_own=True,
        ),
        Phrase(
            "de-methode",
            "erhangen erhaengen aufhangen aufhaengen pulsadern brucke bruecke zug kugel vergiften springen tabletten",
            r"mich (?:zu )?(?:erha(?:e)?ngen|aufha(?:e)?ngen|vergiften|erschie(?:ss|s)en)|mir die pulsadern"
            r"|mir eine kugel|(?:von|vor) (?:der|einer|die|einen|den|einem) (?:\w+ )?(?:bru(?:e)?cke|zug|dach"
            r"|hochhaus) (?:zu )?(?:springen|werfen|schmeissen|sturzen)"
            r"|alle (?:meine )?tabletten (?:nehmen|schlucken)",
            is_own=True,
        ),
    ),
    denials=(
        r"nicht|nie|niemals|kein|keine|keinen|keinerlei|ohne|weder|noch nie|nie mehr|nichts|aufgehort|nicht dass ich"
    ),
    leads=(
        r"ich|mich|werde|mo?e?chte|will|wollte|mehr|zu|daran|an|die|den|absicht|plane|plan|vor|wirklich|jemals"
        r"|gedanken|gedanke|habe|hatte|denke|im|geringsten|ernsthaft|so|mir|etwas|anzutun|oder|wurde|wuerde|wunsch"
    ),
    asks="warum|wieso|weshalb",
    turns="aber|weil|denn|doch|sondern|obwohl",
    selves="ich|mich|mir",
    others=(
        r"er|sie|es|wer|jemand|niemand|man|du|ihr|leute|menschen|(?:mein|meine|ein|eine|der|die|sein|seine"
        r"|ihr) (?:\w+ )?(?:bruder|schwester|freund|freundin|mutter|vater|mama|papa|sohn|tochter|cousin|cousine"
        r"|onkel|tante|nachbar|nachbarin|chef|chefin|mann|frau|kollege|kollegin|figur|held|patient|patientin|oma|opa"
        r"|kind)"
    ),
    says=(
        "sagt|sagte|gesagt|sagen|schrieb|schreibt|geschrieben|schrie|ruft|rief|singt|sang|erzahlte|erzahlt|meinte"
        "|meint|fragte|fluesterte|flusterte|heisst|hei(?:ss|s)t"
    ),
    works=(
        "lied|song|film|buch|roman|gedicht|titel|schlagzeile|artikel|serie|szene|satz|text|plakat|kapitel|stuck"
        "|zitat|figur|vers|meme|refrain|spruch|zeile|folge"
    ),
    keywords="umbringen selbstmord pulsadern erhangen sterben",
    not_slips="streben starben sterbe sterbens erben umbringe erhingen",
)
