import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { api, call } from "@/api/client";
import { useStepUp } from "@/session/step_up";
import { Button } from "@/ui/button";
import { Card } from "@/ui/card";
import { useForm } from "@/ui/form";
import { PasswordField } from "@/ui/password_field";
import { Message } from "@/ui/states";
import { useToast } from "@/ui/toast";
import { NewPassword, usePasswordFault } from "../new_password";

interface Props {
  hasPassword: boolean;
  email: string;
  name: string;
}

export function PasswordCard({ hasPassword, email, name }: Props) {
  const { t } = useTranslation("settings");
  const [open, setOpen] = useState(false);
  return (
    <Card title={t("security.password.title")}>
      <div className="grid gap-4">
        <p className="text-ink-soft">
          {t(hasPassword ? "security.password.text" : "security.password.none")}
        </p>
        {!hasPassword && (
          <p>
            <Button asChild look="plain">
              <Link to="/forgot-password">{t("security.password.noneAction")}</Link>
            </Button>
          </p>
        )}
        {hasPassword && !open && (
          <p>
            <Button look="plain" onClick={() => setOpen(true)}>
              {t("security.password.change")}
            </Button>
          </p>
        )}
        {open && <ChangePassword own={[email, name]} onClose={() => setOpen(false)} />}
      </div>
    </Card>
  );
}

function ChangePassword({ own, onClose }: { own: string[]; onClose: () => void }) {
  const { t } = useTranslation("settings");
  const words = useTranslation("common").t;
  const tell = useToast();
  const guarded = useStepUp();
  const client = useQueryClient();
  const passwordFault = usePasswordFault();
  const { busy, failure, faultOf, onSubmit } = useForm(
    async ({ currentPassword = "", newPassword = "" }) => {
      const body = { currentPassword, newPassword };
      await guarded(() => call(api.POST("/api/auth/password/change", { body })));
      tell(t("security.password.changed"));
      onClose();
      void client.invalidateQueries({ queryKey: ["sessions"] });
    },
    ({ currentPassword, newPassword = "" }) => ({
      currentPassword: currentPassword ? undefined : words("needed"),
      newPassword: passwordFault(newPassword),
    }),
  );
  return (
    <form onSubmit={onSubmit} className="grid gap-4" noValidate>
      {failure && <Message tone="problem">{failure}</Message>}
      <PasswordField
        label={t("security.password.current")}
        name="currentPassword"
        autoComplete="current-password"
        fault={faultOf("currentPassword")}
      />
      <NewPassword
        label={t("security.password.new")}
        name="newPassword"
        fault={faultOf("newPassword")}
        own={() => own}
      />
      <div className="flex flex-wrap gap-2">
        <Button type="submit" busy={busy}>
          {t("security.password.change")}
        </Button>
        <Button look="quiet" onClick={onClose}>
          {words("cancel")}
        </Button>
      </div>
    </form>
  );
}
