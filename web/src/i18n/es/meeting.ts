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
} satisfies Words<typeof english>;
