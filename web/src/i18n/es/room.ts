import type { Words } from "..";
import type english from "../en/room";

export default {
  pending: "La sala de video se está preparando. Suele tardar unos segundos, y seguimos intentándolo por ti.",
  ready: "Tu sala está lista. Se abre en una pestaña nueva.",
  open: "Abrir la sala de video",
} satisfies Words<typeof english>;
