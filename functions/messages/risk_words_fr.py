"""French: words for wanting to die, and the words around them."""

from typing import Final

from .risk_language import Language, Phrase

LANGUAGE: Final = Language(
    phrases=(
        Phrase(
            "fr-tuer",
            "tuer tue suicider suicide jours vie finir",
            r"me tue[rz]?(?= *$|[^\w ]| )(?<!qui me tue)(?<!ca me tue)(?! (?:au|a la|de|a force|dans le|pour (?:ce"
            r"|cet|un|une|finir)) ?(?:travail|tache|boulot|rire|de|bosser|la tache|examen|projet)?)"
            r"|me suicide[rz]?|met(?:tre|s|trai) fin a (?:mes jours|ma vie)"
            r"|(?:veux|voudrais|vais|envie d(?:e)?|pense a|besoin d) ?en finir(?! avec (?!la vie|ma vie|tout))"
            r"|(?:pense|penser|pensees|songe) (?:au|a mon|du|de) suicide"
            r"|m(?:e |)oter la vie|(?:des|mes) (?:idees|pensees) suicidaires|je suis suicidaire",
            is_own=True,
        ),
        Phrase(
            "fr-mourir",
            "mourir mourrir mort morte",
            r"(?:veux|veu|voudrais|envie de|envi de|envie d|aimerais|souhaite|prefere(?:rais)?|hate de) (?:juste "
            r"|vraiment |seulement |bien )?"
            r"(?:mour+ir|etre morte?|crever)\b(?! (?:de (?:rire|honte|faim|soif|chaud|froid|sommeil|ennui|vieillesse"
            r"|jalousie|trouille)|vieux|vieille|heureu\w+|en paix|sur scene))"
            r"|(?:serais|serait) mieux morte?|je voudrais etre morte?",
        ),
        Phrase(
            "fr-ne-plus-vivre",
            "vivre reveiller exister la",
            r"(?:ne )?(?:veux|veu|voudrais|ai) (?:plus|pas) (?:envie de |la force de )?(?:continuer a )?(?:vivre"
            r"|exister|etre la(?= *$|[^\w ])|me reveiller(?= *$|[^\w ]| (?:demain|jamais)))"
            r"(?! (?:ici|a|en|avec|dans|sans|chez|seule?|comme|la-bas|au|aux|loin|pres|sous|ensemble|de|ca|cette))"
            r"|(?:vie|vivre) (?:ne )?(?:vaut|merite) (?:plus|pas) (?:la peine|le coup|d)|(?:plus|aucune"
            r"|pas de) (?:de )?raisons? (?:de|pour) (?:continuer a )?vivre(?! (?:ici|a|avec|en))",
        ),
        Phrase("fr-sans-moi", "moi", r"mieux sans moi(?= *$|[^\w ]| (?:sur terre|ici bas))", is_own=True),
        Phrase(
            "fr-methode",
            "pendre veines pont train cachets medicaments balle fenetre jeter",
            r"me pendre(?! (?:a ton|au telephone))|m(?:e |)ouvrir les veines|me tailler les veines|me jeter (?:sous"
            r"|du|d|devant|de la|par la) ?(?:un |le |la |une )?(?:train|pont|metro|fenetre|toit|balcon)"
            r"|(?:avaler|prendre) (?:tous mes|toute la boite|tous les) ?(?:cachets|medicaments|de cachets)?"
            r"|me tirer une balle(?! dans le pied)",
            is_own=True,
        ),
    ),
    denials=r"ce nest pas que je|ne|pas|jamais|plus|aucune?|nullement|sans|ni|arrete de|cesse de|rien a voir avec",
    leads=(
        r"me|vais|veux|voudrais|envie|ai|plus|de|pas|du|tout|vraiment|jamais|pense|pensees?|idee|a|d|l|intention"
        r"|suis|serais|non|encore|serieusement|songe|eu|etre|faire|mal|ou|compte|essayer|moi|en|cela|au"
    ),
    asks="pourquoi",
    turns="mais|parce|car|pourtant",
    selves="je|j|moi|jai|jaurais|me",
    others=(
        r"il|elle|ils|elles|on|tu|vous|quelquun|personne|gens|qui|(?:mon|ma|un|une|le|la) (?:\w+ )?(?:frere|soeur"
        r"|ami|amie|mere|pere|fils|fille|cousin|cousine|copain|copine|oncle|tante|voisin|voisine|patron|mari|femme"
        r"|collegue|personnage|patient|heros)"
    ),
    says=(
        "dit|disait|disant|crie|criait|ecrit|ecrivait|chante|chantait|raconte|repete|repetait|demande|appelee?"
        "|intitulee?|lance"
    ),
    works=(
        "chanson|film|livre|roman|poeme|titre|article|serie|scene|phrase|paroles|affiche|chapitre|piece|citation"
        "|personnage|vers|meme|refrain|expression"
    ),
    keywords="suicider mourir suicidaire suicidaires medicaments",
    not_slips="nourir courir suicides suicide pourir suicidera",
)
