import type { Words } from "..";
import type english from "../en/agreements";

export default {
  terms: {
    title: "Condiciones de uso",
    short: "Qué podemos esperar, tú de nosotros y nosotros de ti.",
    text: "Bloom Health reúne a pacientes y terapeutas con licencia: citas, sesiones por video y mensajes. Cada terapeuta responde por su propio trabajo profesional.\nBloom no es un servicio de emergencias. Nadie vigila los mensajes a todas horas. Si tú u otra persona está en peligro, usa «Ayuda ahora» o llama al número de emergencias de donde estés.\nNecesitas tener la edad que pide la ley, decir con verdad quién eres y guardar para ti tus formas de iniciar sesión.\nTrata a los demás con respeto. Bloom no graba las sesiones, y nadie puede grabarlas sin el consentimiento de todos.\nGuardamos tus datos cifrados, los usamos para ofrecer este servicio y para lo que nos exige la ley, y nunca los vendemos. Puedes ver quién ha mirado tu historial, llevarte una copia de tus datos y pedir que se borre tu cuenta cuando quieras. Los historiales de tratamiento se conservan el tiempo que pide la ley de salud.\nEstas condiciones valen mientras tengas una cuenta. Si cambian, te preguntamos de nuevo.",
  },
  telehealth: {
    title: "Atención por video y mensajes",
    short: "Qué cambia cuando no están en la misma habitación y qué puedes hacer al respecto.",
    text: "Las sesiones por video y los mensajes pueden ayudar tanto como verse en persona, aunque no a todo el mundo ni siempre. Tu terapeuta puede proponerte otro tipo de atención.\nLa conexión puede fallar. Entonces tu terapeuta te contactará de otra forma; por eso te pedimos un teléfono.\nElige un lugar donde nadie te escuche. En una emergencia, tu terapeuta puede necesitar saber dónde estás y llamar a la persona que indicaste.\nPuedes dejarlo en cualquier momento, sin dar razones.",
  },
  messageAnalysis: {
    title: "Ayuda para que tu terapeuta lea los mensajes",
    short:
      "Un programa lee los mensajes que envías y señala a tu terapeuta los que pueden necesitar atención pronto.",
    text: "Un programa nuestro, en nuestros propios servidores, busca en cada mensaje que envías señales de cómo te puedes sentir. Tu terapeuta ve junto al mensaje lo que encontró y cuánta certeza tiene.\nPuede equivocarse, en los dos sentidos. No decide nada: tu terapeuta lee por su cuenta, puede corregirlo y responde en su horario de trabajo. No es un servicio de emergencias.\nPuedes decir que no, y todo lo demás funciona igual. Si cambias de idea, vale desde tu siguiente mensaje.",
  },
  training: {
    title: "Ayudar al programa a aprender",
    short:
      "Apagado mientras no lo enciendas: los mensajes que tu terapeuta ha valorado pueden ayudar a mejorar el programa.",
    text: "Cuando tu terapeuta dice si el programa entendió bien un mensaje, ese mensaje puede usarse para entrenar su siguiente versión. El entrenamiento ocurre en nuestros propios servidores; tus mensajes no se entregan a nadie más y tu nombre no se usa.\nLo que un programa ha aprendido no se puede quitar mensaje por mensaje. Si cambias de idea, tus mensajes no se usan en ningún entrenamiento que empiece después.\nDigas que sí o que no, tu atención es la misma.",
  },
} satisfies Words<typeof english>;
