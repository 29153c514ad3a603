import type { Words } from "..";
import type english from "../en/everyone";

export default {
  welcome: {
    title: "Un cuidado que crece contigo",
    lead: "Bloom es un lugar tranquilo para encontrarte con tu terapeuta: por video, por mensajes y a tu ritmo.",
    start: "Crear una cuenta",
    signIn: "Ya tengo una cuenta",
    picture: "Una planta dibujada a mano, con tres hojas y una flor, que crece bajo un sol suave",
    pointsTitle: "Lo que encuentras aquí",
    points: {
      therapist: {
        title: "Alguien que encaje contigo",
        text: "Busca terapeuta según lo que necesitas, el idioma y el horario, y pide que te acompañe.",
      },
      session: {
        title: "Sesiones sin trayectos",
        text: "Elige una hora en tu propia zona horaria, recibe un recordatorio y entra a la videollamada desde esta página.",
      },
      messages: {
        title: "Contacto entre sesiones",
        text: "Escribe cuando surja algo. Tu terapeuta responde en su horario de trabajo, y ves qué se ha leído.",
      },
      private: {
        title: "Solo tuyo",
        text: "Lo que cuentas se guarda cifrado. Ves quién ha mirado tu historial y decides qué pasa con tus datos.",
      },
    },
    therapists: {
      title: "¿Eres terapeuta?",
      text: "Tus horarios, tus pacientes y tus mensajes en un solo lugar tranquilo. Comprobamos tu licencia antes de que puedan encontrarte.",
      start: "Unirme como terapeuta",
    },
    urgent:
      "Bloom no está hecho para emergencias. Si es urgente, «Ayuda ahora», arriba, te muestra líneas que están abiertas.",
  },
  signIn: {
    title: "Qué bueno verte de nuevo",
    email: "Correo electrónico",
    password: "Contraseña",
    forgot: "¿Olvidaste tu contraseña?",
    or: "o",
    passkey: "Entrar con una llave de acceso",
    google: "Continuar con Google",
    zoom: "Continuar con Zoom",
    newHere: "¿Es tu primera vez aquí?",
    ended: "Tu sesión terminó. Los mensajes que habías empezado siguen en este dispositivo.",
    resend: "Enviar el correo de nuevo",
    passkeyDeclined: "No se usó la llave de acceso. Puedes intentarlo de nuevo o elegir otra forma.",
  },
  secondFactor: {
    title: "Un paso más",
    lead: "Abre tu aplicación de autenticación y escribe el código que muestra para Bloom Health.",
    code: "Código",
    hint: "Seis cifras",
    backup: "Usar un código de respaldo",
    app: "Usar el código de la aplicación",
    backupCode: "Código de respaldo",
    backupHint: "Uno de los diez códigos que guardaste, como abcde-fghjk",
    trust: "Confiar en este navegador",
    trustHint:
      "Aquí no se pedirá el código durante un tiempo. Solo para un dispositivo que sea únicamente tuyo.",
    again: "Empezar de nuevo",
    left_one: "Ya iniciaste sesión. Queda {{count}} código de respaldo; en los ajustes puedes pedir otros.",
    left_other: "Ya iniciaste sesión. Quedan {{count}} códigos de respaldo.",
  },
  signUp: {
    title: "Crea tu cuenta",
    lead: "Tarda más o menos un minuto. Puedes mirar con calma antes de decidir nada.",
    who: "¿Qué te trae por aquí?",
    patient: "Busco apoyo",
    patientHint: "Encuentra terapeuta, reserva sesiones, escribe mensajes.",
    therapist: "Soy terapeuta",
    therapistHint: "Ofrece horas y acompaña a pacientes. Antes comprobamos tu licencia.",
    chooseOne: "Elige una de las dos opciones.",
    name: "Tu nombre",
    nameHint: "Como te gusta que te llamen",
    email: "Correo electrónico",
    emailHint: "Te enviamos un enlace para asegurarnos de que es tuyo.",
    terms: "Acepto las condiciones de uso",
    readTerms: "Leer las condiciones",
    termsNeeded: "Para tener una cuenta hace falta aceptar las condiciones.",
    submit: "Crear la cuenta",
    have: "¿Ya tienes una cuenta?",
  },
  password: {
    choose: "Contraseña",
    chooseNew: "Nueva contraseña",
    rules:
      "Al menos 8 caracteres. Ni tu nombre ni tu correo, ni nada que use mucha gente. Lo mejor son unas palabras que solo tú juntarías.",
    short: "Usa al menos 8 caracteres.",
    long: "Usa como máximo 128 caracteres.",
    strength: "Cuánto te protege",
    strengths: {
      short: "Unos caracteres más",
      weak: "Es un comienzo: más larga es más segura",
      fair: "Buena",
      strong: "Muy buena",
    },
  },
  mailSent: {
    title: "Mira tu correo",
    signUp:
      "Hemos enviado un enlace a este correo. Ábrelo para confirmar que la dirección es tuya. Funciona durante 24 horas.",
    reset:
      "Si hay una cuenta con este correo, va en camino un enlace para elegir otra contraseña. Funciona durante 30 minutos.",
    nothing: "¿No llega nada en unos minutos? Mira en la carpeta de correo no deseado, o envíalo de nuevo.",
    again: "Enviarlo de nuevo",
    sentAgain: "Va en camino un enlace nuevo. Solo funciona el más reciente.",
    other: "Usar otra dirección",
  },
  verify: {
    title: "Confirma tu correo electrónico",
    lead: "Un toque, y tu cuenta está lista.",
    confirm: "Confirmar mi dirección",
    done: "Gracias, tu dirección está confirmada",
    doneLead: "Ya puedes iniciar sesión.",
    over: "Este enlace ya no funciona",
    overLead:
      "Ya se usó, se envió otro más reciente o pasaron sus 24 horas. Si tu dirección está confirmada, solo inicia sesión. Si no, te enviamos un enlace nuevo.",
    noToken: "Abre el enlace del correo que te enviamos, o pide uno nuevo.",
    resend: "Enviar un enlace nuevo",
    resent: "Si esta dirección espera confirmación, va en camino un enlace nuevo.",
  },
  forgot: {
    title: "Elige otra contraseña",
    lead: "Le pasa a todo el mundo. Dinos tu correo y te enviamos un enlace.",
    email: "Correo electrónico",
    submit: "Enviar el enlace",
    back: "Volver a iniciar sesión",
  },
  reset: {
    title: "Elige una contraseña nueva",
    lead: "Al guardarla se cierran todas tus sesiones, para que solo entre quien la conoce.",
    submit: "Guardar la contraseña",
    done: "Tu contraseña nueva está guardada",
    doneLead: "Se cerraron todas tus sesiones. Inicia sesión con ella.",
    over: "Este enlace ya no funciona",
    overLead: "Ya se usó o pasaron sus 30 minutos. Uno nuevo llega en un momento.",
    anew: "Enviar un enlace nuevo",
  },
  dashboard: {
    terms: "Falta confirmar que aceptas las condiciones.",
    termsAction: "Verlas ahora",
    erasure: "Como pediste, tu cuenta se borrará el {{date}}. Iniciar sesión no lo cambia.",
    erasureHeld: "Como pediste, tu cuenta espera a ser borrada. Iniciar sesión no lo cambia.",
    erasureAction: "Verlo, o conservar la cuenta",
  },
  problem: {
    "wrong-credentials": "El correo y la contraseña no coinciden. Revisa los dos.",
    "address-not-verified": "Primero confirma tu dirección: abre el enlace del correo que te enviamos.",
    "account-suspended":
      "Esta cuenta está en pausa. Escribe a nuestro equipo de ayuda y lo miraremos contigo.",
    "wrong-code":
      "Este código no coincide o ya se usó. Tras diez que no coincidan, ninguno cuenta durante 15 minutos.",
    "sign-in-over": "Tardó demasiado; empieza a iniciar sesión de nuevo.",
    "wrong-passkey":
      "Esta llave de acceso no pertenece a ninguna cuenta de aquí. Puedes usar otra forma de entrar.",
    "passkey-copied":
      "Esta llave de acceso se comporta como si la hubieran copiado, así que no se aceptó. Entra de otra forma y revisa tus llaves.",
    "challenge-over": "Tardó demasiado. Inténtalo de nuevo.",
    "password-too-easy":
      "Sería fácil de adivinar: se parece a tu nombre o correo, la usa mucha gente o se conoce por una filtración en otro sitio. Algo que solo tú pensarías te protege mejor.",
    "password-not-checked": "Ahora mismo no podemos comprobar contraseñas nuevas. Inténtalo en un momento.",
    "link-no-longer-valid": "Este enlace ya no funciona. Pide uno nuevo.",
    "provider-away":
      "Ahora mismo no se puede llegar al otro servicio. Inténtalo de nuevo o usa otra forma de entrar.",
    "provider-sign-in-failed": "El inicio de sesión en el otro servicio no funcionó. Inténtalo de nuevo.",
    "provider-sign-in-declined": "Te detuviste en el otro servicio, así que aquí no ha cambiado nada.",
    "provider-sign-in-expired": "Tardó demasiado; empieza de nuevo.",
    "provider-mixed-up":
      "La respuesta llegó de otro sitio del esperado, así que no la usamos. Inténtalo de nuevo.",
    "provider-address-not-verified":
      "El otro servicio aún no ha confirmado tu dirección. Confírmala primero allí.",
    "provider-account-taken": "Esa cuenta ya está conectada a otra cuenta de aquí.",
    "provider-already-linked": "Ya hay conectada una cuenta de ese servicio. Desconéctala primero.",
    "address-not-proven":
      "Hay una cuenta con esta dirección que nunca se confirmó. Confírmala primero por correo o elige otra contraseña.",
    "link-of-another-session": "Conecta la cuenta en el mismo navegador en el que empezaste.",
    "provider-not-offered": "Esta forma de entrar no se ofrece aquí.",
  },
} satisfies Words<typeof english>;
