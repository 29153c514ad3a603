"""The mails about appointments in German."""

from typing import Final

from .mail_words import Cause, Letter, Text, Words

GERMAN: Final = Words(
    language="de",
    greeting="Guten Tag, {name},",
    hours="{start} – {end} Uhr",
    letters={
        Letter.CONFIRMED: Text(
            "Termin bestätigt",
            "Ihr Termin ist gebucht. Wir freuen uns auf Sie.",
            "Termin öffnen",
            "Auf dieser Seite können Sie ab 10 Minuten vorher teilnehmen. Wenn Sie eine andere Zeit brauchen, können "
            "Sie ihn dort auch verschieben.",
        ),
        Letter.NEW: Text(
            "Neuer Termin",
            "jemand hat einen Termin bei Ihnen gebucht.",
            "Termin öffnen",
            "Auf dieser Seite können Sie ihn ab 10 Minuten vorher beginnen.",
        ),
        Letter.RESCHEDULED: Text(
            "Termin verschoben",
            "Ihr Termin hat eine neue Zeit. Sie tritt an die Stelle der bisherigen.",
            "Termin öffnen",
            "Auf dieser Seite können Sie ab 10 Minuten vorher teilnehmen.",
        ),
        Letter.CANCELLED: Text(
            "Termin abgesagt",
            "dieser Termin findet nicht statt.",
            "Termin ansehen",
        ),
        Letter.REMINDER: Text(
            "Erinnerung an Ihren Termin",
            "wir erinnern Sie an Ihren Termin.",
            "Termin öffnen",
            "Auf dieser Seite können Sie ab 10 Minuten vorher teilnehmen.",
        ),
        Letter.SERIES_CONFIRMED: Text(
            "Termine bestätigt",
            "Ihre Termine sind gebucht. Das sind die Zeiten:",
            "Ersten Termin öffnen",
            "Jeder lässt sich auf seiner eigenen Seite ändern.",
        ),
        Letter.SERIES_NEW: Text(
            "Neue Termine",
            "jemand hat mehrere Termine bei Ihnen gebucht. Das sind die Zeiten:",
            "Ersten Termin öffnen",
        ),
        Letter.OFFERED: Text(
            "Ein Termin ist für Sie frei",
            "eine Zeit, auf die Sie gewartet haben, ist frei geworden, und wir halten sie für Sie bereit.",
            "Zeit ansehen",
            "Wenn sie Ihnen nicht passt, brauchen Sie nichts zu tun; dann wird sie der nächsten Person angeboten.",
        ),
        Letter.WITHOUT_VIDEO: Text(
            "Video ist noch nicht eingerichtet",
            "dieser Termin steht, hat aber noch keinen Videoraum, weil kein Zoom-Konto von Ihnen verbunden ist. Sobald "
            "Sie eines verbinden, kann er per Video stattfinden.",
            "Zoom verbinden",
        ),
    },
    causes={
        Cause.OWN_WISH: "Sie haben ihn abgesagt. Sie brauchen nichts weiter zu tun.",
        Cause.REQUESTED: "Er wurde wie gewünscht abgesagt.",
        Cause.CAME_UP: "Es ist etwas dazwischengekommen, das sich nicht aufschieben ließ. Das tut uns leid.",
        Cause.TECHNICAL: "Ein technisches Problem ließ sich nicht rechtzeitig lösen. Das tut uns leid.",
        Cause.CONNECTION_ENDED: "Ihre Verbindung miteinander bei Bloom Health ist beendet und damit dieser Termin.",
        Cause.OWN_ACCOUNT: "Sie möchten Ihr Konto schließen; darum sind Ihre kommenden Termine abgesagt.",
        Cause.OTHER_ACCOUNT: "Die andere Person verlässt Bloom Health. Das tut uns leid.",
    },
    another_time="Sie können jederzeit eine andere Zeit wählen.",
    offered_until="Sie ist bis {until} Uhr allein für Sie da.",
    reminder_settings="Sie können wählen, welche Erinnerungen Sie bekommen:",
    no_replies="Antworten an diese Adresse liest niemand.",
    calendar_title="Termin",
    calendar_join="Hier teilnehmen:",
)
