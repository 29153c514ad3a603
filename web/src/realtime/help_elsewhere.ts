/** Help that came for a conversation which is not before anybody here: it is shown wherever they are by then. */
import type { Shape } from "@/api/client";
import { Remembered } from "@/session/remembered";

export const helpElsewhere = new Remembered<Shape<"CrisisHelp"> | null>(null);
