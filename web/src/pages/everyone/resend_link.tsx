import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, call } from "@/api/client";
import { Button } from "@/ui/button";
import { Message, problemWords } from "@/ui/states";

/** Has the link that confirms an address sent once more. */
export function ResendLink({ email, words }: { email: string; words: string }) {
  const { t } = useTranslation("everyone");
  const [state, setState] = useState<"idle" | "busy" | "sent">("idle");
  const [failure, setFailure] = useState<string | null>(null);
  const resend = async () => {
    setState("busy");
    setFailure(null);
    try {
      await call(api.POST("/api/auth/verify-email/resend", { body: { email } }));
      setState("sent");
    } catch (reason) {
      setFailure(problemWords(reason));
      setState("idle");
    }
  };
  return (
    <div className="grid justify-items-start gap-3">
      {failure && <Message tone="problem">{failure}</Message>}
      {state === "sent" ? (
        <Message tone="good">{t("mailSent.sentAgain")}</Message>
      ) : (
        <Button look="plain" busy={state === "busy"} onClick={() => void resend()}>
          {words}
        </Button>
      )}
    </div>
  );
}
