/** The way into an appointment's room once it is open: the button, and what the way is then. */
import { useMutation } from "@tanstack/react-query";
import { Video } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { api, call, type Shape } from "@/api/client";
import { Problem } from "@/api/problem";
import { onLeaving, useSession } from "@/session/session";
import { Button } from "@/ui/button";
import { Message, problemWords } from "@/ui/states";
import { forget, handOver, MEETING_PAGE } from "./handing_over";

type Way = { link: string; sdk: Shape<"SdkAccess"> | null };

/** So often the room that is being prepared is asked for by itself. */
const TRIES = 6;

onLeaving(forget);

/** For whoever takes part, as guest or host; `children` say what the button does. */
export function EnterRoom({ appointmentId, children }: { appointmentId: string; children: string }) {
  const { t } = useTranslation("room");
  const { data: session } = useSession();
  const [tries, setTries] = useState(0);
  const join = useMutation({
    mutationFn: () => wayInto(appointmentId),
    onSuccess: ({ link, sdk }) => {
      if (!sdk || !holdsMeetings()) return;
      const name = session?.user.name ?? "";
      handOver({ sdk, link, name, back: `/appointments/${appointmentId}` });
      location.assign(MEETING_PAGE);
    },
  });
  const pending = join.error instanceof Problem && join.error.kind === "video-pending" ? join.error : null;
  const { mutate } = join;
  useEffect(() => {
    if (!pending || tries >= TRIES) return;
    const again = setTimeout(
      () => {
        setTries((before) => before + 1);
        mutate();
      },
      (pending.retryAfter ?? 10) * 1000,
    );
    return () => clearTimeout(again);
  }, [pending, tries, mutate]);
  if (join.data && !(join.data.sdk && holdsMeetings())) return <WayIn link={join.data.link} />;
  return (
    <div className="grid justify-items-start gap-2">
      <Button
        busy={join.isPending}
        onClick={() => {
          setTries(0);
          join.mutate();
        }}
      >
        <Video aria-hidden />
        {children}
      </Button>
      {pending ? (
        <Message>{t("pending")}</Message>
      ) : (
        join.error && <Message tone="problem">{problemWords(join.error)}</Message>
      )}
    </div>
  );
}

/** The room's own address, which opens in a tab of its own; it takes the focus, as what to press next. */
function WayIn({ link }: { link: string }) {
  const { t } = useTranslation("room");
  const anchor = useRef<HTMLAnchorElement>(null);
  useEffect(() => anchor.current?.focus(), []);
  return (
    <div className="grid justify-items-start gap-2">
      <p role="status">{t("ready")}</p>
      <Button asChild>
        <a ref={anchor} href={link} target="_blank" rel="noopener noreferrer">
          <Video aria-hidden />
          {t("open")}
        </a>
      </Button>
    </div>
  );
}

async function wayInto(id: string): Promise<Way> {
  const way = await call(api.POST("/api/appointments/{id}/join", { params: { path: { id } }, body: {} }));
  return { link: "joinUrl" in way ? way.joinUrl : way.startUrl, sdk: way.sdk };
}

/** Whether a meeting is held in the page here: Zoom's view within a page is made for wide screens and a mouse. */
function holdsMeetings(): boolean {
  return matchMedia("(min-width: 48rem) and (pointer: fine)").matches;
}
