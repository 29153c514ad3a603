"""The mails about appointments in French."""

from typing import Final

from .mail_words import Cause, Letter, Text, Words

FRENCH: Final = Words(
    language="fr",
    greeting="Bonjour {name},",
    hours="{start} – {end}",
    letters={
        Letter.CONFIRMED: Text(
            "Rendez-vous confirmé",
            "votre rendez-vous est réservé. Au plaisir de vous retrouver.",
            "Ouvrir le rendez-vous",
            "Vous pourrez le rejoindre sur cette page à partir de 10 minutes avant. S’il vous faut un autre horaire, "
            "vous pouvez aussi le changer à cet endroit.",
        ),
        Letter.NEW: Text(
            "Nouveau rendez-vous",
            "un rendez-vous vient d’être pris avec vous.",
            "Ouvrir le rendez-vous",
            "Vous pourrez le démarrer sur cette page à partir de 10 minutes avant.",
        ),
        Letter.RESCHEDULED: Text(
            "Rendez-vous déplacé",
            "votre rendez-vous a un nouvel horaire, qui remplace le précédent.",
            "Ouvrir le rendez-vous",
            "Vous pourrez le rejoindre sur cette page à partir de 10 minutes avant.",
        ),
        Letter.CANCELLED: Text(
            "Rendez-vous annulé",
            "ce rendez-vous n’aura pas lieu.",
            "Voir le rendez-vous",
        ),
        Letter.REMINDER: Text(
            "Rappel de rendez-vous",
            "nous vous rappelons votre rendez-vous.",
            "Ouvrir le rendez-vous",
            "Vous pourrez le rejoindre sur cette page à partir de 10 minutes avant.",
        ),
        Letter.SERIES_CONFIRMED: Text(
            "Rendez-vous confirmés",
            "vos rendez-vous sont réservés. En voici les horaires :",
            "Ouvrir le premier rendez-vous",
            "Chacun peut être modifié sur sa propre page.",
        ),
        Letter.SERIES_NEW: Text(
            "Nouveaux rendez-vous",
            "plusieurs rendez-vous viennent d’être pris avec vous. En voici les horaires :",
            "Ouvrir le premier rendez-vous",
        ),
        Letter.OFFERED: Text(
            "Un horaire est libre pour vous",
            "un horaire que vous attendiez s’est libéré, et nous vous le gardons.",
            "Voir l’horaire",
            "S’il ne vous convient pas, vous n’avez rien à faire : il sera proposé à la personne suivante.",
        ),
        Letter.WITHOUT_VIDEO: Text(
            "La vidéo n’est pas configurée",
            "ce rendez-vous est maintenu, mais il n’a pas encore de salle vidéo, car aucun compte Zoom n’est relié au "
            "vôtre. Dès que vous en aurez relié un, il pourra se tenir en vidéo.",
            "Relier Zoom",
        ),
    },
    causes={
        Cause.OWN_WISH: "Vous l’avez annulé. Vous n’avez rien d’autre à faire.",
        Cause.REQUESTED: "Il a été annulé comme demandé.",
        Cause.CAME_UP: "Un imprévu n’a pas pu être remis à plus tard. Nous regrettons ce changement.",
        Cause.TECHNICAL: "Un problème technique n’a pas pu être résolu à temps. Nous en sommes désolés.",
        Cause.CONNECTION_ENDED: "Votre lien sur Bloom Health a pris fin, et ce rendez-vous avec lui.",
        Cause.OWN_ACCOUNT: "Vous nous avez demandé de fermer votre compte : les rendez-vous à venir sont annulés.",
        Cause.OTHER_ACCOUNT: "L’autre personne quitte Bloom Health. Nous regrettons ce changement.",
    },
    another_time="Vous pouvez choisir un autre horaire quand vous le souhaitez.",
    offered_until="Il vous est réservé jusqu’au {until}.",
    reminder_settings="Vous pouvez choisir les rappels que vous recevez :",
    no_replies="Personne ne lit les réponses à cette adresse.",
    calendar_title="Rendez-vous",
    calendar_join="Rejoindre ici :",
)
