"""Portuguese: words for wanting to die, and the words around them."""

from typing import Final

from .risk_language import Language, Phrase

LANGUAGE: Final = Language(
    phrases=(
        Phrase(
            "pt-matar",
            "matar matar-me vida suicidar suicidar-me suicidio mato",
            r"(?:(?:vou|quero|queria|preciso|pensei em|pensando em|penso em|vontade de|tentar|tentei|ia|posso|a|de"
            r"|em) me matar|matar-me|matar me|me matar(?= *$|[^\w ]))"
            r"(?! de (?:rir|trabalhar|estudar|tanto|treinar)| (?:trabalhando|estudando|na academia|no trabalho|rindo))"
            r"|tirar (?:a )?minha (?:propria )?vida|(?:acabar|terminar) com (?:a )?minha (?:propria )?vida"
            r"|por fim (?:a|na) minha vida"
            r"|suicidar-me|me suicidar|(?:penso|pensando|pensei|pensar) (?:em|no) suicidio|cometer suicidio",
            is_own=True,
        ),
        Phrase(
            "pt-morrer",
            "morrer morer morta morto",
            r"(?:quero|qero|kero|queria|gostaria de|vontade de|prefiro|preferia|desejo|quem me dera|so) (?:so |ja "
            r"|logo |muito )?(?:mor+er|estar mort[oa])\b"
            r"(?! (?:de (?:rir|vergonha|fome|amor|sono|sede|calor|frio|tedio|saudade|inveja|velh[oa]|velhice|susto)"
            r"|rindo|feliz|velh[oa]|em paz))"
            r"|(?:melhor|antes) mort[oa](?= *$|[^\w ])|queria estar mort[oa]|tomara que eu (?:morra|nao acorde)",
        ),
        Phrase(
            "pt-nao-viver",
            "viver vivendo acordar existir vivr",
            r"n(?:ao|um) (?:quero|queria|aguento|tenho vontade de) (?:mais )?(?:continuar (?:a )?)?(?:viv(?:er|endo)"
            r"|existir|acordar(?= *$|[^\w ]| (?:mais|nunca|amanha)))(?: mais)?"
            r"(?! (?:aqui|em|no|na|nos|nas|com|sem|sozinh[oa]|longe|perto|assim|de|la|ali|como|num|numa|mais (?:aqui"
            r"|em|com|no|na)))"
            r"|n(?:ao|um) (?:vale|compensa) a pena (?:continuar (?:a )?)?viv(?:er|endo)|(?:nao tenho|nao ha|nao vejo"
            r"|sem) (?:nenhum )?(?:motivos?|raza(?:o|oes)|vontade) (?:para|pra|de) (?:continuar )?viv(?:er"
            r"|endo)(?! (?:aqui|em|no|na|com))",
        ),
        Phrase("pt-sem-mim", "mim", r"(?:melhor|melhores) sem mim(?= *$|[^\w ]| (?:no mundo|por perto))", is_own=True),
        Phrase(
            "pt-metodo",
            "enforcar enforcar-me pulsos ponte trem predio comprimidos remedios viaduto comboio",
            r"me enforcar|enforcar-me|cortar (?:os |meus )?pulsos|(?:pular|saltar|me jogar|atirar-me"
            r"|me atirar) (?:de|da|do|na frente de|na frente do|a frente do|para a frente do) (?:um|uma|o"
            r"|a )? ?(?:ponte|trem|predio|viaduto|comboio|janela)"
            r"|tomar (?:todos )?(?:os|meus) (?:comprimidos|remedios)(?! (?:para|do|da|com|que|de))"
            r"|dar um tiro na (?:minha )?cabeca",
            is_own=True,
        ),
    ),
    denials=r"nao|nunca|jamais|nem|sem|deixei de|parei de|nao e que|num",
    leads=(
        r"vou|quero|queria|penso|pensei|pensando|em|de|a|vontade|tenho|me|mais|ia|eu|planos?|intencao|nenhuma|nenhum"
        r"|realmente|nunca|estou|machucar|ou|ideia|tentar|pretendo|o|desejo|seria|capaz"
    ),
    asks="por que|porque|porque e que",
    turns="mas|porque|porem|so que",
    selves="eu|me|mim|quero|qero|kero|tenho|prefiro|desejo|gostaria|vou",
    others=(
        r"ele|ela|eles|elas|voce|voces|tu|alguem|ninguem|gente|quem|(?:meu|minha|um|uma|o|a) (?:irmao|irma|amigo"
        r"|amiga|mae|pai|filho|filha|primo|prima|namorado|namorada|tio|tia|vizinho|vizinha|chefe|marido|esposa"
        r"|colega|personagem|paciente)"
    ),
    says=(
        "disse|diz|dizia|dizendo|falou|fala|falava|gritou|escreveu|escreve|canta|cantava|contou|repetia|perguntou"
        "|chamad[oa]"
    ),
    works=(
        "musica|cancao|filme|livro|novela|poema|titulo|manchete|artigo|serie|cena|frase|letra|cartaz|capitulo|peca"
        "|citacao|personagem|verso|meme|refrao"
    ),
    keywords="suicidar suicidio enforcar morrer comprimidos",
    not_slips="socorrer suicidas morreu correr morrem forcar enforca",
)
