/** Says that a session is about to end, so that nobody loses what they write; and ends it when its time has come. */
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { lastUse, serverAhead } from "./last_use";
import { endSession, renewSession, type Session, useSession } from "./session";
import { type End, endOf, readOut, WARNED_MS } from "./session_end";
import { SignOut } from "./sign_out";

/** Between two looks at the clock while the end is far, at most: a device may have slept. */
const LOOK_MS = 20_000;
/** Whoever is at work here for this part of the idle time, without anything being asked of the server, is noted there. */
const NOTED_PART = 4;

export function SessionEnding({ session }: { session: Session }) {
  const { dataUpdatedAt } = useSession();
  const [dismissed, setDismissed] = useState(0);
  const end = () =>
    endOf({ ...session, toldAt: dataUpdatedAt, lastUse: lastUse(), serverAhead: serverAhead() });
  const left = useTimeLeft(() => end().at);
  const now = end();
  useNoteOfWork(now, left > WARNED_MS);
  const over = left <= 0;
  useEffect(() => {
    if (over) void endSession();
  }, [over]);
  if (over || left > WARNED_MS || dismissed === now.at) return null;
  return (
    <Warning seconds={Math.ceil(left / 1000)} movable={now.movable} onDismiss={() => setDismissed(now.at)} />
  );
}

/** Milliseconds until then, looked at each second near the end and now and then before. */
function useTimeLeft(endsAt: () => number): number {
  const left = endsAt() - Date.now();
  const [, look] = useState(0);
  useEffect(() => {
    const next = left > WARNED_MS ? Math.min(LOOK_MS, left - WARNED_MS + 50) : 1_000;
    const timer = setTimeout(() => look(Date.now()), Math.max(250, next));
    return () => clearTimeout(timer);
  });
  useEffect(() => {
    const again = () => look(Date.now());
    document.addEventListener("visibilitychange", again);
    addEventListener("storage", again);
    return () => {
      document.removeEventListener("visibilitychange", again);
      removeEventListener("storage", again);
    };
  }, []);
  return left;
}

/** Who writes something long asks nothing of the server meanwhile: it learns now and then that somebody is at work. */
function useNoteOfWork({ idle, movable }: End, watching: boolean) {
  useEffect(() => {
    if (!watching || !movable) return;
    let noted = 0;
    const work = () => {
      const since = Date.now() - Math.max(lastUse(), noted);
      if (since < idle / NOTED_PART || !navigator.onLine) return;
      noted = Date.now();
      void renewSession().catch(() => undefined);
    };
    addEventListener("keydown", work);
    addEventListener("pointerdown", work);
    return () => {
      removeEventListener("keydown", work);
      removeEventListener("pointerdown", work);
    };
  }, [idle, movable, watching]);
}

interface Warned {
  seconds: number;
  movable: boolean;
  onDismiss: () => void;
}

function Warning({ seconds, movable, onDismiss }: Warned) {
  const { t } = useTranslation("common");
  const [busy, setBusy] = useState(false);
  const stay = async () => {
    setBusy(true);
    await renewSession().catch(() => undefined);
    setBusy(false);
  };
  const main = useRef<HTMLButtonElement>(null);
  useEffect(() => main.current?.focus(), []);
  const mark = readOut(seconds);
  return (
    <Dialog
      title={t(movable ? "ending.title" : "ending.finalTitle")}
      onClose={movable ? () => void stay() : onDismiss}
    >
      <div className="grid gap-5">
        <p>{t(movable ? "ending.lead" : "ending.finalLead")}</p>
        <p className="text-4xl font-bold tabular-nums" aria-hidden>
          {Math.floor(seconds / 60)}:{String(seconds % 60).padStart(2, "0")}
        </p>
        <p role="status" className="sr-only">
          {mark >= 60 ? t("ending.minutes", { count: mark / 60 }) : t("ending.seconds", { count: mark })}
        </p>
        <div className="flex flex-wrap justify-end gap-2">
          {movable ? (
            <>
              <SignOut look="quiet" />
              <Button ref={main} busy={busy} onClick={() => void stay()}>
                {t("ending.stay")}
              </Button>
            </>
          ) : (
            <>
              <Button look="plain" onClick={() => void endSession()}>
                {t("ending.again")}
              </Button>
              <Button ref={main} onClick={onDismiss}>
                {t("ending.understood")}
              </Button>
            </>
          )}
        </div>
      </div>
    </Dialog>
  );
}
