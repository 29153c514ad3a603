"""The mails about an account, in Spanish."""

from datetime import datetime
from typing import Final

from shared.account_notices import Notice

from .notice_words import AccountMails, ReceiptWords, Words
from .retention import KeptKind

_MONTHS: Final = {
    1: "enero",
    2: "febrero",
    3: "marzo",
    4: "abril",
    5: "mayo",
    6: "junio",
    7: "julio",
    8: "agosto",
    9: "septiembre",
    10: "octubre",
    11: "noviembre",
    12: "diciembre",
}
_SETTINGS: Final = "Ver mis ajustes"


def _day(moment: datetime) -> str:
    return f"{moment.day} de {_MONTHS[moment.month]} de {moment.year}"


_NOTICES: Final = {
    Notice.PASSWORD_RESET_REQUESTED: Words(
        "Elige una contraseña nueva",
        "alguien, quizá tú, ha pedido una contraseña nueva. Este enlace sirve una sola vez, durante 30 minutos.",
        "Elegir una contraseña nueva",
        "Si no lo has pedido tú, nada ha cambiado y no tienes que hacer nada.",
    ),
    Notice.PASSWORD_CHANGED: Words(
        "Tu contraseña ha cambiado",
        "la contraseña de tu cuenta ha cambiado y se ha cerrado la sesión en todos los demás dispositivos.",
        "Restablecer mi contraseña",
    ),
    Notice.ACCOUNT_LOCKED: Words(
        "El acceso queda en pausa 15 minutos",
        "ha habido muchos intentos fallidos de entrar en tu cuenta. Para protegerla, nadie puede entrar en ella "
        "durante 15 minutos; después podrás seguir como siempre.",
        "Restablecer mi contraseña",
        "Si los intentos eran tuyos, solo tienes que esperar un poco.",
    ),
    Notice.TWO_FACTOR_ENABLED: Words(
        "La verificación en dos pasos está activada",
        "desde ahora tu cuenta pide un código además de la contraseña. Guarda los códigos de respaldo en un lugar "
        "seguro, por favor.",
        _SETTINGS,
    ),
    Notice.TWO_FACTOR_DISABLED: Words(
        "La verificación en dos pasos está desactivada",
        "tu cuenta ya no pide un código además de la contraseña.",
        _SETTINGS,
    ),
    Notice.BACKUP_CODES_RENEWED: Words(
        "Tienes códigos de respaldo nuevos",
        "se han creado códigos de respaldo nuevos para tu cuenta; los anteriores ya no sirven.",
        _SETTINGS,
    ),
    Notice.BACKUP_CODE_USED: Words(
        "Se ha usado un código de respaldo",
        "se ha usado uno de tus códigos de respaldo para comprobar que eres tú. Cada uno sirve una sola vez.",
        _SETTINGS,
    ),
    Notice.PASSKEY_ADDED: Words(
        "Se ha añadido una llave de acceso",
        "se ha añadido una llave de acceso a tu cuenta; con ella se puede entrar sin la contraseña.",
        _SETTINGS,
    ),
    Notice.PASSKEY_REMOVED: Words(
        "Se ha quitado una llave de acceso",
        "se ha quitado una llave de acceso de tu cuenta y ya no sirve para entrar.",
        _SETTINGS,
    ),
    Notice.PASSKEY_REFUSED: Words(
        "Se ha rechazado una llave de acceso",
        "una llave de acceso de tu cuenta se ha usado de un modo que hace pensar que existe una copia, y no se la ha "
        "dejado pasar. Entra de otra manera, por favor, quita esa llave y añade una nueva.",
        "Ver mis llaves de acceso",
        "Si solo ocurre una vez, puede haber sido una conexión lenta que envió lo mismo dos veces.",
    ),
    Notice.PROVIDER_LINKED: Words(
        "Se ha añadido otra forma de entrar",
        "ahora también se puede entrar en tu cuenta con una cuenta que tienes en otro servicio.",
        _SETTINGS,
    ),
    Notice.PROVIDER_UNLINKED: Words(
        "Se ha quitado una forma de entrar",
        "ya no se puede entrar en tu cuenta con la cuenta de otro servicio que estaba vinculada.",
        _SETTINGS,
    ),
    Notice.CREDENTIALS_SUBMITTED: Words(
        "Tenemos los datos de tu licencia",
        "gracias por enviarnos los datos de tu licencia. Los comprobaremos y te escribiremos cuando esté hecho.",
        "Ver mis datos",
        "Por ahora no tienes que hacer nada.",
    ),
    Notice.EXPORT_MADE: Words(
        "Se ha hecho una copia de tus datos",
        "alguien que ha entrado en tu cuenta ha descargado una copia de todo lo que guardamos sobre ti.",
        _SETTINGS,
    ),
    Notice.ERASURE_REQUESTED: Words(
        "Tu cuenta se borrará",
        "como has pedido, tu cuenta se borrará después de un plazo en el que aún puedes cambiar de idea.",
        "Conservar mi cuenta",
    ),
    Notice.CREDENTIALS_VERIFIED: Words(
        "Tu licencia está verificada",
        "gracias por la espera: hemos comprobado tu licencia y está verificada. Ya puedes fijar tu horario y aceptar "
        "pacientes.",
        "Ir a mi inicio",
        "No tienes que hacer nada más.",
    ),
    Notice.CREDENTIALS_REJECTED: Words(
        "No hemos podido verificar tu licencia",
        "no hemos podido verificar los datos de la licencia que nos enviaste. Encontrarás el motivo en tus ajustes, "
        "donde puedes enviarlos otra vez.",
        "Ver mis datos",
        "Si crees que es un error, escríbenos, por favor.",
    ),
    Notice.ACCOUNT_SUSPENDED: Words(
        "Tu cuenta está en pausa",
        "una persona de la administración ha puesto tu cuenta en pausa y se ha cerrado la sesión en todas partes. No "
        "se ha borrado nada.",
        "Bloom Health",
        "Si necesitas ayuda ahora, llama al número de emergencias de donde estés. Si crees que es un error, "
        "escríbenos, por favor.",
    ),
    Notice.ACCOUNT_RESTORED: Words(
        "Tu cuenta está abierta de nuevo",
        "tu cuenta está abierta de nuevo y todo sigue donde estaba. Puedes entrar como siempre.",
        "Iniciar sesión",
        "No tienes que hacer nada más.",
    ),
    Notice.ACCOUNT_UNLOCKED: Words(
        "Ya puedes entrar otra vez",
        "una persona de la administración ha terminado la pausa que siguió a los intentos fallidos de entrar.",
        "Iniciar sesión",
        "Si no lo has pedido tú, restablece tu contraseña, por favor.",
    ),
    Notice.ROLE_CHANGED: Words(
        "Tu cuenta tiene otra función",
        "una persona de la administración ha cambiado lo que tu cuenta puede hacer. Entra de nuevo, por favor.",
        "Iniciar sesión",
        "Si crees que es un error, escríbenos, por favor.",
    ),
    Notice.LOOKED_ON: Words(
        "Alguien de la administración ha mirado tu cuenta",
        "una persona de la administración ha mirado Bloom Health tal como tú lo ves, para ayudar con un problema. No "
        "podía cambiar nada ni leer ninguno de tus mensajes, y terminó por sí solo a los 30 minutos como muy tarde. En "
        "tus ajustes ves cada vez que ocurre y puedes terminar la que esté en curso.",
        "Ver quién ha mirado mi historial",
        "Si no pediste ayuda, escríbenos, por favor.",
    ),
    Notice.RECORD_OPENED: Words(
        "Se ha abierto tu historial",
        "una persona de la administración ha abierto tu historial, durante 60 minutos como mucho, por un motivo que "
        "tuvo que indicar. Otra persona revisa ese motivo en un plazo de 72 horas. Cada mirada está en la lista de "
        "quién ha mirado tu historial.",
        "Ver quién ha mirado mi historial",
        "Si tienes preguntas, escríbenos, por favor.",
    ),
    Notice.ERASURE_CANCELLED: Words(
        "Tu cuenta se queda",
        "el borrado de tu cuenta se ha anulado y no se ha borrado nada. Las citas que se anularon mientras tanto "
        "siguen anuladas; resérvalas de nuevo, por favor.",
        _SETTINGS,
    ),
}

SPANISH: Final = AccountMails(
    language="es",
    hello="Hola, {name}:",
    was_it_you="Si has sido tú, no tienes que hacer nada. Si no, restablece tu contraseña cuanto antes, por favor.",
    notices=_NOTICES,
    verification=Words(
        "Confirma tu dirección, por favor",
        "te damos la bienvenida a Bloom Health. Confirma tu dirección con este enlace, por favor; sirve una sola vez, "
        "durante 24 horas.",
        "Confirmar mi dirección",
        "Si no te has registrado, no tienes que hacer nada.",
    ),
    sign_up_repeated=Words(
        "Ya tienes una cuenta",
        "alguien, quizá tú, se ha registrado con esta dirección. Ya tiene una cuenta: puedes entrar sin más.",
        "Iniciar sesión",
        "Si no has sido tú, nada ha cambiado y no tienes que hacer nada.",
    ),
    erased=Words(
        "Tu cuenta se ha borrado",
        "",
        "Bloom Health",
        "Gracias por haber estado con nosotros. Cuídate mucho.",
    ),
    receipt=ReceiptWords(
        "como pediste el {asked}, tu cuenta se borró el {erased}: tu nombre, tu dirección, tu perfil y todas las "
        "formas de entrar ya no están. Este es el último correo que recibes de nosotros.\n\nLo que se "
        "queda:\n\n{kept}\n\nEl número de tu historial es {number}. Guárdalo, por favor: sin tu nombre, es la única "
        "manera de encontrarlo.",
        kept={
            KeptKind.PATIENTS_RECORD: "Tu historial de tratamiento: mensajes, archivos, citas, su análisis y avisos, "
            "tus consentimientos{until}. Las leyes de salud piden conservar los historiales de tratamiento. Nadie "
            "puede leer el tuyo en la aplicación.",
            KeptKind.THERAPISTS_PART: "Lo que escribiste a pacientes, tus citas con ellos y tus "
            "consentimientos{until}. Forma parte de los historiales de los pacientes, y cada cosa se conserva tanto "
            "como su historial.",
            KeptKind.TERMS: "Lo que aceptaste{until}. Muestra que podíamos hacer lo que hicimos.",
            KeptKind.TRAIL: "El registro de auditoría: quién hizo qué y cuándo, con números y direcciones de red, sin "
            "nombres; y, durante seis años, por qué alguien de la administración miró como tú o abrió tu historial. "
            "Tiene que poder probarse quién miró el historial de quién.",
            KeptKind.REQUEST: "Que pediste el borrado y cuándo. Prueba que se hizo.",
        },
        until=", hasta el {day}",
        day=_day,
    ),
)
