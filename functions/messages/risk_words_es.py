"""Spanish: words for wanting to die, and the words around them."""

from typing import Final

from .risk_language import Language, Phrase

LANGUAGE: Final = Language(
    phrases=(
        Phrase(
            "es-matarme",
            "matarme matar quitarme vida suicidarme suicidar suicidio mato",
            r"(?:matarme|me (?:voy a|quiero|kiero|podria) matar|me mato hoy|me voy a suicidar"
            r"|me quiero suicidar)(?! (?:de risa|de la risa|trabajando|a trabajar|estudiando|en el gimnasio"
            r"|por (?:ese|este|un)|riendo))"
            r"|quitarme (?:la|mi) vida|(?:me voy a|me quiero) quitar la vida|suicidarme"
            r"|(?:pienso|pensando|pensado|penso|pensar) en (?:el )?suicidio",
            is_own=True,
        ),
        Phrase(
            "es-acabar",
            "vida todo",
            r"(?:acabar|terminar) con (?:mi (?:propia )?vida|todo(?= *$|[^\w ]| (?:ya|hoy|esta noche|de una vez)))"
            r"|poner(?:le)? fin a mi vida",
        ),
        Phrase(
            "es-morir",
            "morir morirme morrir muerta muerto morime",
            r"(?:(?:qu?|k)i?ero|(?:qu|k)isiera|queria|(?:me )?gustaria|deseo|deseando|ojala (?:me )?|ganas de"
            r"|prefiero|preferiria|solo) ?(?:ya )?"
            r"(?:mor+ir(?:me)?|estar muert[oa]|pudiera morir)\b(?! (?:de (?:la )?(?:risa|verguenza|amor|hambre|sueno"
            r"|sed|calor|frio|aburrimiento|pena ajena|ternura|envidia|viej[oa])|riendo|feliz|en paz"
            r"|de anciano|de anciana))|ojala (?:me muriera|estuviera muert[oa]|no despertara|no despierte)|(?:mejor"
            r"|estaria mejor) muert[oa]",
        ),
        Phrase(
            "es-no-vivir",
            "vivir viviendo despertar existir vivr",
            r"(?:ya )?no (?:(?:qu?|k)i?ero|deseo|tengo ganas de|quisiera) (?:mas )?(?:seguir )?(?:vivi(?:r|endo)"
            r"|existir|despertar(?:me)?(?= *$|[^\w ]| nunca| mas| jamas| manana))(?: mas)?"
            r"(?! (?:aqui|alli|ahi|alla|en|con|sin|sol[oa]|cerca|lejos|de|asi|del|como|junto|en ese|mas en))"
            r"|no (?:vale|merece) la pena (?:seguir )?vivi(?:r|endo)|no (?:tengo|hay"
            r"|veo) (?:ninguna )?(?:razon(?:es)?|motivos?|ganas) (?:para|de) (?:seguir )?vivi(?:r|endo)(?! (?:aqui"
            r"|en|con|alli))",
        ),
        Phrase(
            "es-sin-mi",
            "sin",
            r"(?:estarian|estaran|estaria|esta|estan) mejor sin mi(?= *$|[^\w ]| (?:en este mundo|presencia))",
            is_own=True,
        ),
        Phrase(
            "es-metodo",
            "ahorcarme venas puente tren pastillas tirarme lanzarme pegarme colgarme",
            r"ahorcarme|colgarme(?! (?:la|el|una?|del telefono))|cortarme las venas|pegarme un tiro(?! en el pie)"
            r"|(?:tirarme|lanzarme|saltar|tirar|lanzar) (?:de|desde|por|a|al|bajo|debajo de) (?:un |una |el |la "
            r"|las )?(?:puente|tren|balcon|ventana|vias|edificio|azotea|metro)"
            r"|(?:tomarme|tragarme) (?:todas )?(?:las|mis) pastillas(?! (?:para|del|de la|con))",
            is_own=True,
        ),
    ),
    denials=r"no|nunca|jamas|tampoco|ni|sin|no es que|ya no|deje de|dejado de|nada de",
    leads=(
        r"a|voy|quiero|quisiera|pienso|pensado|pensando|en|de|tengo|ganas|me|he|mas|siquiera|realmente|intencion"
        r"|intenciones|ninguna|planes|deseo|ni|lastimarme|o|hacerme|dano|pensar|por|la|idea|estoy|el|volver|intentar"
        r"|nunca|jamas"
    ),
    asks="por que|porque",
    turns="pero|porque|aunque|sin embargo",
    selves="yo|me|mi|(?:qu?|k)i?ero|tengo|deseo|prefiero|quisiera|voy",
    others=(
        r"el|ella|ellos|ellas|tu|usted|ustedes|alguien|nadie|gente|quien|mi (?:\w+ )?(?:hermano|hermana|amigo|amiga"
        r"|madre|padre|mama|papa|hijo|hija|primo|prima|novio|novia|tio|tia|vecino|vecina|jefe|esposa|esposo)"
        r"|un (?:amigo|hombre|paciente|personaje)|una (?:amiga|mujer|paciente)"
    ),
    says=(
        "dijo|dice|decia|diciendo|dicho|grito|grita|escribio|escribe|canta|cantaba|conto|cuenta|repetia|repite"
        "|pregunto|llamada?|titulada?"
    ),
    works=(
        "cancion|canciones|pelicula|libro|novela|poema|titulo|titular|articulo|serie|escena|frase|letra|cartel"
        "|capitulo|obra|cita|personaje|verso|meme|estribillo"
    ),
    keywords="matarme quitarme suicidarme suicidio ahorcarme morirme",
    not_slips="quitarmi suicidarmi",
)
