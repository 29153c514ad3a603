"""The mails about appointments in Spanish."""

from typing import Final

from .mail_words import Cause, Letter, Text, Words

SPANISH: Final = Words(
    language="es",
    greeting="Hola, {name}:",
    hours="{start} – {end}",
    letters={
        Letter.CONFIRMED: Text(
            "Cita confirmada",
            "Su cita está reservada. Le esperamos con gusto.",
            "Abrir la cita",
            "Puede entrar desde esta página a partir de 10 minutos antes. Si necesita otro horario, también puede "
            "cambiarlo ahí.",
        ),
        Letter.NEW: Text(
            "Nueva cita",
            "Alguien reservó una cita con usted.",
            "Abrir la cita",
            "Puede iniciarla desde esta página a partir de 10 minutos antes.",
        ),
        Letter.RESCHEDULED: Text(
            "Cita reprogramada",
            "Su cita tiene un nuevo horario, que sustituye al anterior.",
            "Abrir la cita",
            "Puede entrar desde esta página a partir de 10 minutos antes.",
        ),
        Letter.CANCELLED: Text(
            "Cita cancelada",
            "Esta cita no tendrá lugar.",
            "Ver la cita",
        ),
        Letter.REMINDER: Text(
            "Recordatorio de cita",
            "Le recordamos su cita.",
            "Abrir la cita",
            "Puede entrar desde esta página a partir de 10 minutos antes.",
        ),
        Letter.SERIES_CONFIRMED: Text(
            "Citas confirmadas",
            "Sus citas están reservadas. Estos son los horarios:",
            "Abrir la primera cita",
            "Cada una se puede cambiar en su propia página.",
        ),
        Letter.SERIES_NEW: Text(
            "Nuevas citas",
            "Alguien reservó varias citas con usted. Estos son los horarios:",
            "Abrir la primera cita",
        ),
        Letter.OFFERED: Text(
            "Hay un horario libre para usted",
            "Se ha liberado un horario que usted esperaba y se lo estamos guardando.",
            "Ver el horario",
            "Si no le conviene, no tiene que hacer nada: se ofrecerá a la siguiente persona.",
        ),
        Letter.WITHOUT_VIDEO: Text(
            "Falta configurar el video",
            "Esta cita sigue en pie, pero aún no tiene sala de video porque no hay ninguna cuenta de Zoom suya "
            "conectada. En cuanto conecte una, podrá realizarla por video.",
            "Conectar Zoom",
        ),
    },
    causes={
        Cause.OWN_WISH: "Usted la canceló. No tiene que hacer nada más.",
        Cause.REQUESTED: "Se canceló según lo solicitado.",
        Cause.CAME_UP: "Surgió algo que no se podía aplazar. Lamentamos el cambio de planes.",
        Cause.TECHNICAL: "Un problema técnico no pudo resolverse a tiempo. Lo lamentamos.",
        Cause.CONNECTION_ENDED: "Su conexión mutua en Bloom Health ha terminado y, con ella, esta cita.",
        Cause.OWN_ACCOUNT: "Nos pidió cerrar su cuenta, por lo que las citas pendientes se han cancelado.",
        Cause.OTHER_ACCOUNT: "La otra persona deja Bloom Health. Lamentamos el cambio de planes.",
    },
    another_time="Puede elegir otro horario cuando le venga bien.",
    offered_until="Es solo para usted hasta el {until}.",
    reminder_settings="Puede elegir qué recordatorios recibe:",
    no_replies="Nadie lee las respuestas a esta dirección.",
    calendar_title="Cita",
    calendar_join="Entre aquí:",
)
