/** Setting up the second factor: scan, confirm, keep the backup codes. */
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { api, call, type Shape } from "@/api/client";
import { useStepUp } from "@/session/step_up";
import { Button } from "@/ui/button";
import { Field } from "@/ui/field";
import { useForm } from "@/ui/form";
import { Message, problemWords } from "@/ui/states";
import { BackupCodes } from "./backup_codes";

export function TwoFactorEnrolment({ onDone, onCancel }: { onDone: () => void; onCancel?: () => void }) {
  const { t } = useTranslation("settings");
  const words = useTranslation("common").t;
  const guarded = useStepUp();
  const [begun, setBegun] = useState<Shape<"Enrolment"> | null>(null);
  const [codes, setCodes] = useState<string[] | null>(null);
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);
  const begin = async () => {
    setBusy(true);
    setFailure(null);
    try {
      setBegun(await guarded(() => call(api.POST("/api/auth/two-factor/enroll"))));
    } catch (reason) {
      setFailure(problemWords(reason));
    } finally {
      setBusy(false);
    }
  };
  if (codes) return <BackupCodes codes={codes} onKept={onDone} />;
  if (begun) return <Confirm begun={begun} onConfirmed={setCodes} onCancel={onCancel} />;
  return (
    <div className="grid justify-items-start gap-4">
      <p className="text-ink-soft">{t("security.twoFactor.what")}</p>
      {failure && <Message tone="problem">{failure}</Message>}
      <div className="flex flex-wrap gap-2">
        <Button busy={busy} onClick={() => void begin()}>
          {t("security.twoFactor.turnOn")}
        </Button>
        {onCancel && (
          <Button look="quiet" onClick={onCancel}>
            {words("cancel")}
          </Button>
        )}
      </div>
    </div>
  );
}

interface Confirming {
  begun: Shape<"Enrolment">;
  onConfirmed: (codes: string[]) => void;
  onCancel?: () => void;
}

function Confirm({ begun, onConfirmed, onCancel }: Confirming) {
  const { t } = useTranslation("settings");
  const words = useTranslation("common").t;
  const client = useQueryClient();
  const picture = useImageAddress(begun.qrCodeSvg);
  const { busy, failure, faultOf, onSubmit } = useForm(
    async ({ code = "" }) => {
      const { backupCodes } = await call(
        api.POST("/api/auth/two-factor/confirm", { body: { code: code.replaceAll(" ", "") } }),
      );
      onConfirmed(backupCodes);
      void client.invalidateQueries({ queryKey: ["sessions"] });
    },
    ({ code = "" }) => ({ code: /^\d{6}$/.test(code.replaceAll(" ", "")) ? undefined : words("needed") }),
  );
  return (
    <form onSubmit={onSubmit} className="grid gap-5" noValidate>
      <div className="grid gap-2">
        <h3>{t("security.twoFactor.step1")}</h3>
        <p className="text-sm text-ink-soft">{t("security.twoFactor.step1Hint")}</p>
      </div>
      {picture && (
        <img
          src={picture}
          alt={t("security.twoFactor.qr")}
          width="208"
          height="208"
          className="size-52 rounded-control border border-line bg-white"
        />
      )}
      <div className="grid justify-items-start gap-2">
        <Button asChild look="plain">
          <a href={begun.otpauthUri}>{t("security.twoFactor.link")}</a>
        </Button>
        <p className="text-sm text-ink-soft">{t("security.twoFactor.byHand")}</p>
        <p className="font-mono break-all select-all" data-secret>
          {begun.secret.match(/.{1,4}/g)?.join(" ")}
        </p>
      </div>
      {failure && <Message tone="problem">{failure}</Message>}
      <Field
        label={t("security.twoFactor.step2")}
        name="code"
        inputMode="numeric"
        autoComplete="one-time-code"
        maxLength={9}
        fault={faultOf("code")}
        className="max-w-80"
      />
      <div className="flex flex-wrap gap-2">
        <Button type="submit" busy={busy}>
          {t("security.twoFactor.confirm")}
        </Button>
        {onCancel && (
          <Button look="quiet" onClick={onCancel}>
            {words("cancel")}
          </Button>
        )}
      </div>
    </form>
  );
}

/** A drawing as an image of its own, in which nothing runs. */
function useImageAddress(svg: string): string | null {
  const [address, setAddress] = useState<string | null>(null);
  useEffect(() => {
    const made = URL.createObjectURL(new Blob([svg], { type: "image/svg+xml" }));
    setAddress(made);
    return () => URL.revokeObjectURL(made);
  }, [svg]);
  return address;
}
