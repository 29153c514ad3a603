import type { Words } from "..";
import type english from "../en/meeting";

export default {
  title: "Sala de video",
  opening: "Tu sala de video se está abriendo…",
  slow: "La sala de video no se abre en esta página ahora mismo. La página de Zoom sirve igual de bien.",
  link: "Abrirla en Zoom",
  back: "Volver a la cita",
  ended: "La reunión terminó. Cuídate mucho.",
  nothing: "Esta página se abre desde tu cita.",
  home: "Ir a las citas",
  help: {
    open: "Ayuda ahora",
    title: "Mereces apoyo en este momento",
    lead: "Si puedes estar en peligro, o solo necesitas hablar con alguien, en estas líneas hay personas para escucharte.",
    call: "Llamar al {{number}}",
    text: "Enviar un mensaje al {{number}}",
    visit: "Abrir el sitio web",
    emergency: "En peligro inmediato, llama al {{number}}.",
    close: "Cerrar",
  },
} satisfies Words<typeof english>;
