import { useMutation } from "@tanstack/react-query";
import { Video } from "lucide-react";
import { useTranslation } from "react-i18next";
import { api, call, type Shape } from "@/api/client";
import { Button } from "@/ui/button";
import { Message, problemWords } from "@/ui/states";
import type { Appointment } from "./own_queries";

/** Opens the room of an appointment as its host, in a window of its own. */
export function StartButton({ appointment }: { appointment: Appointment }) {
  const { t } = useTranslation("therapist");
  const start = useMutation({
    mutationFn: async (room: Window | null) => {
      try {
        const params = { path: { id: appointment.id } };
        const way = (await call(api.POST("/api/appointments/{id}/join", { params, body: {} }))) as
          | Shape<"TherapistsWay">
          | Shape<"PatientsWay">;
        const url = "startUrl" in way ? way.startUrl : way.joinUrl;
        if (room) room.location.replace(url);
        else location.assign(url);
      } catch (reason) {
        room?.close();
        throw reason;
      }
    },
  });
  // The window is opened in the press itself: one that is opened after an answer would be held back by the browser.
  const press = () => {
    const room = window.open("", "_blank");
    if (room) room.opener = null;
    start.mutate(room);
  };
  return (
    <div className="grid justify-items-start gap-2">
      <Button busy={start.isPending} onClick={press}>
        <Video aria-hidden />
        {t(appointment.status === "in_session" ? "home.goIn" : "home.start")}
      </Button>
      {start.error && <Message tone="problem">{problemWords(start.error)}</Message>}
    </div>
  );
}
