import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, call, type Shape } from "@/api/client";
import { useStepUp } from "@/session/step_up";
import { Badge } from "@/ui/badge";
import { Button } from "@/ui/button";
import { Card } from "@/ui/card";
import { Dialog } from "@/ui/dialog";
import { Field } from "@/ui/field";
import { useForm } from "@/ui/form";
import { Message, problemWords } from "@/ui/states";
import { useToast } from "@/ui/toast";
import { BackupCodes } from "./backup_codes";
import { TwoFactorEnrolment } from "./two_factor_enrolment";

export function TwoFactorCard({ state }: { state: Shape<"TwoFactorState"> }) {
  const { t } = useTranslation("settings");
  const client = useQueryClient();
  // Not the server's answer alone: the codes have to stay in sight until they are kept.
  const [settingUp, setSettingUp] = useState(!state.enabled);
  const show = async (off: boolean) => {
    await client.invalidateQueries({ queryKey: ["two-factor"] });
    void client.invalidateQueries({ queryKey: ["trusted"] });
    setSettingUp(off);
  };
  return (
    <Card
      title={t("security.twoFactor.title")}
      aside={
        <Badge tone={state.enabled ? "good" : "plain"}>
          {t(state.enabled ? "security.twoFactor.on" : "security.twoFactor.off")}
        </Badge>
      }
    >
      {settingUp ? (
        <TwoFactorEnrolment onDone={() => void show(false)} />
      ) : (
        <TurnedOn state={state} onRenewed={() => void show(false)} onTurnedOff={() => void show(true)} />
      )}
    </Card>
  );
}

interface On {
  state: Shape<"TwoFactorState">;
  onRenewed: () => void;
  onTurnedOff: () => void;
}

function TurnedOn({ state, onRenewed, onTurnedOff }: On) {
  const { t } = useTranslation("settings");
  const guarded = useStepUp();
  const [codes, setCodes] = useState<string[] | null>(null);
  const [busy, setBusy] = useState(false);
  const [ending, setEnding] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);
  const renew = async () => {
    setBusy(true);
    setFailure(null);
    try {
      const fresh = await guarded(() => call(api.POST("/api/auth/two-factor/backup-codes")));
      setCodes(fresh.backupCodes);
    } catch (reason) {
      setFailure(problemWords(reason));
    } finally {
      setBusy(false);
    }
  };
  if (codes)
    return (
      <BackupCodes
        codes={codes}
        onKept={() => {
          setCodes(null);
          onRenewed();
        }}
      />
    );
  const left = state.backupCodesLeft;
  return (
    <div className="grid gap-4">
      {failure && <Message tone="problem">{failure}</Message>}
      <p>{left ? t("security.twoFactor.left", { count: left }) : t("security.twoFactor.leftNone")}</p>
      {state.required && <p className="text-ink-soft">{t("security.twoFactor.required")}</p>}
      <div className="flex flex-wrap gap-2">
        <Button look="plain" busy={busy} onClick={() => void renew()}>
          {t("security.twoFactor.renew")}
        </Button>
        {!state.required && (
          <Button look="quiet" onClick={() => setEnding(true)}>
            {t("security.twoFactor.turnOff")}
          </Button>
        )}
      </div>
      <p className="text-sm text-ink-soft">{t("security.twoFactor.renewHint")}</p>
      {ending && (
        <TurnOff hasPassword={state.hasPassword} onClose={() => setEnding(false)} onDone={onTurnedOff} />
      )}
    </div>
  );
}

interface Ending {
  hasPassword: boolean;
  onClose: () => void;
  onDone: () => void;
}

function TurnOff({ hasPassword, onClose, onDone }: Ending) {
  const { t } = useTranslation("settings");
  const words = useTranslation("common").t;
  const tell = useToast();
  const guarded = useStepUp();
  const { busy, failure, faultOf, onSubmit } = useForm(
    async ({ password = "", code = "" }) => {
      const body = { code: code.trim(), ...(hasPassword && { password }) };
      await guarded(() => call(api.POST("/api/auth/two-factor/disable", { body })));
      tell(t("security.twoFactor.turnedOff"));
      onClose();
      onDone();
    },
    ({ password, code = "" }) => ({
      password: hasPassword && !password ? words("needed") : undefined,
      code: code.trim().length < 6 ? words("needed") : undefined,
    }),
  );
  return (
    <Dialog title={t("security.twoFactor.turnOff")} onClose={onClose}>
      <form onSubmit={onSubmit} className="grid gap-4" noValidate>
        <p className="text-ink-soft">{t("security.twoFactor.turnOffText")}</p>
        {failure && <Message tone="problem">{failure}</Message>}
        {hasPassword && (
          <Field
            label={words("stepUp.password")}
            name="password"
            type="password"
            autoComplete="current-password"
            fault={faultOf("password")}
          />
        )}
        <Field
          label={words("stepUp.code")}
          hint={words("stepUp.codeHint")}
          name="code"
          autoComplete="one-time-code"
          autoCapitalize="none"
          fault={faultOf("code")}
        />
        <div className="flex flex-wrap justify-end gap-2">
          <Button look="quiet" onClick={onClose}>
            {words("cancel")}
          </Button>
          <Button type="submit" look="grave" busy={busy}>
            {t("security.twoFactor.turnOff")}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
