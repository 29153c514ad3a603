import { KeyRound } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, call } from "@/api/client";
import { HOME } from "@/session/guard";
import { canUsePasskeys, PasskeyDeclined, provePasskey } from "@/session/passkeys";
import { Button } from "@/ui/button";
import { Message, problemWords } from "@/ui/states";

interface Props {
  returnTo: string | null;
  onSignedIn: () => Promise<void>;
}

/** Signing in without a password: with whichever passkey this device has, or as who Google or Zoom knows. */
export function OtherWays({ returnTo, onSignedIn }: Props) {
  const { t } = useTranslation("everyone");
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);
  const byPasskey = async () => {
    setBusy(true);
    setFailure(null);
    try {
      const asked = await call(api.POST("/api/auth/passkeys/sign-in/options"));
      const credential = await provePasskey(asked);
      await call(api.POST("/api/auth/passkeys/sign-in", { body: { credential } }));
      await onSignedIn();
    } catch (reason) {
      setFailure(reason instanceof PasskeyDeclined ? t("signIn.passkeyDeclined") : problemWords(reason));
    } finally {
      setBusy(false);
    }
  };
  return (
    <div className="grid gap-3">
      {failure && <Message tone="problem">{failure}</Message>}
      {canUsePasskeys() && (
        <Button look="plain" busy={busy} onClick={() => void byPasskey()}>
          <KeyRound aria-hidden />
          {t("signIn.passkey")}
        </Button>
      )}
      {(["google", "zoom"] as const).map((provider) => (
        <Button key={provider} asChild look="plain">
          <a href={`/api/auth/oauth/${provider}?returnTo=${encodeURIComponent(returnTo ?? HOME)}`}>
            {t(`signIn.${provider}`)}
          </a>
        </Button>
      ))}
    </div>
  );
}
