/** The way out: it asks first where messages wait on this device that would be gone. */
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { countUnsent } from "@/realtime/outbox_storage";
import { Button, type ButtonLooks } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { signOut, useSession } from "./session";

/** How often it is looked whether what waits has gone meanwhile, in milliseconds. */
const LOOK_MS = 1_000;

interface Props {
  look: ButtonLooks["look"];
  /** The person leaves: whatever is open around the button may close. */
  onLeave?: () => void;
}

export function SignOut({ look, onLeave }: Props) {
  const { t } = useTranslation("common");
  const { data: session } = useSession();
  const [unsent, setUnsent] = useState<number | null>(null);
  const userId = session?.user.id ?? "";
  const leave = () => {
    onLeave?.();
    void signOut();
  };
  const ask = async () => {
    const waiting = await countUnsent(userId);
    if (waiting) setUnsent(waiting);
    else leave();
  };
  const asking = unsent !== null;
  useEffect(() => {
    if (!asking) return;
    const timer = setInterval(() => void countUnsent(userId).then(setUnsent), LOOK_MS);
    return () => clearInterval(timer);
  }, [asking, userId]);
  return (
    <>
      <Button look={look} onClick={() => void ask()}>
        {t("signOut")}
      </Button>
      {unsent !== null && (
        <Dialog title={t("unsent.title")} onClose={() => setUnsent(null)}>
          <div className="grid gap-5">
            <p role="status">{unsent ? t("unsent.lead", { count: unsent }) : t("unsent.none")}</p>
            <div className="flex flex-wrap justify-end gap-2">
              <Button look="plain" onClick={leave}>
                {t(unsent ? "unsent.leave" : "signOut")}
              </Button>
              <Button onClick={() => setUnsent(null)}>{t("unsent.stay")}</Button>
            </div>
          </div>
        </Dialog>
      )}
    </>
  );
}
