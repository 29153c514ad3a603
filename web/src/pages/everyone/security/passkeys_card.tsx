import { useQuery } from "@tanstack/react-query";
import { KeyRound } from "lucide-react";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { api, call, type Shape } from "@/api/client";
import { fromNow, inWords } from "@/i18n/times";
import { canUsePasskeys, makePasskey, PasskeyDeclined } from "@/session/passkeys";
import { Badge } from "@/ui/badge";
import { Button } from "@/ui/button";
import { Card } from "@/ui/card";
import { Dialog } from "@/ui/dialog";
import { Field } from "@/ui/field";
import { Message, PageProblem, Waiting } from "@/ui/states";
import { type Step, useStep } from "./use_step";

const KEY = ["passkeys"];

export function PasskeysCard() {
  const { t } = useTranslation("settings");
  const { data, error, refetch } = useQuery({
    queryKey: KEY,
    queryFn: () => call(api.GET("/api/auth/passkeys")),
  });
  const [adding, setAdding] = useState(false);
  const step = useStep(KEY, (reason) => {
    if (!(reason instanceof PasskeyDeclined)) return null;
    return t(
      reason.message === "InvalidStateError" ? "security.passkeys.known" : "security.passkeys.declined",
    );
  });
  return (
    <Card title={t("security.passkeys.title")}>
      <div className="grid gap-4">
        <p className="text-ink-soft">{t("security.passkeys.text")}</p>
        {step.failure && <Message tone="problem">{step.failure}</Message>}
        {error && !data && <PageProblem error={error} retry={refetch} />}
        {!data && !error && <Waiting />}
        {data && !data.items.length && <p>{t("security.passkeys.none")}</p>}
        {data && data.items.length > 0 && (
          <ul className="divide-y divide-line border-y">
            {data.items.map((passkey) => (
              <PasskeyEntry key={passkey.id} passkey={passkey} step={step} />
            ))}
          </ul>
        )}
        {!canUsePasskeys() && <p className="text-ink-soft">{t("security.passkeys.unsupported")}</p>}
        {canUsePasskeys() && !adding && (
          <p>
            <Button look="plain" onClick={() => setAdding(true)}>
              {t("security.passkeys.add")}
            </Button>
          </p>
        )}
        {adding && <AddPasskey step={step} onClose={() => setAdding(false)} />}
      </div>
    </Card>
  );
}

function AddPasskey({ step, onClose }: { step: Step; onClose: () => void }) {
  const { t } = useTranslation("settings");
  const words = useTranslation("common").t;
  const add = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const name = String(new FormData(event.currentTarget).get("name") ?? "").trim() || null;
    await step.run(
      "add",
      async () => {
        const asked = await call(api.POST("/api/auth/passkeys/register/options"));
        const credential = await makePasskey(asked);
        await call(api.POST("/api/auth/passkeys/register", { body: { credential, name } }));
        onClose();
      },
      t("security.passkeys.added"),
    );
  };
  return (
    <form onSubmit={(event) => void add(event)} className="grid gap-4">
      <Field
        label={t("security.passkeys.name")}
        hint={t("security.passkeys.nameHint")}
        name="name"
        maxLength={200}
        autoComplete="off"
      />
      <div className="flex flex-wrap gap-2">
        <Button type="submit" busy={step.busy === "add"}>
          {t("security.passkeys.add")}
        </Button>
        <Button look="quiet" onClick={onClose}>
          {words("cancel")}
        </Button>
      </div>
    </form>
  );
}

function PasskeyEntry({ passkey, step }: { passkey: Shape<"Passkey">; step: Step }) {
  const { t } = useTranslation("settings");
  const words = useTranslation("common").t;
  const [sure, setSure] = useState(false);
  const remove = async () => {
    setSure(false);
    const params = { path: { id: passkey.id } };
    await step.run(
      passkey.id,
      () => call(api.DELETE("/api/auth/passkeys/{id}", { params })),
      t("security.passkeys.removed"),
    );
  };
  const used = passkey.lastUsedAt
    ? t("security.passkeys.used", { when: fromNow(passkey.lastUsedAt) })
    : t("security.passkeys.unused");
  return (
    <li className="flex flex-wrap items-center justify-between gap-3 py-3">
      <div className="flex min-w-0 gap-3">
        <KeyRound className="mt-0.5 size-5 shrink-0 text-leaf" aria-hidden />
        <div className="grid min-w-0 gap-0.5">
          <p className="font-semibold break-words">{passkey.name}</p>
          <p className="text-sm text-ink-soft">
            {t("security.passkeys.created", { when: inWords(passkey.createdAt, "date") })} · {used}
          </p>
          {passkey.backedUp && (
            <p>
              <Badge>{t("security.passkeys.backedUp")}</Badge>
            </p>
          )}
        </div>
      </div>
      <Button
        look="quiet"
        aria-label={t("security.passkeys.removeNamed", { name: passkey.name })}
        busy={step.busy === passkey.id}
        onClick={() => setSure(true)}
      >
        {t("security.passkeys.remove")}
      </Button>
      {sure && (
        <Dialog
          title={t("security.passkeys.removeNamed", { name: passkey.name })}
          onClose={() => setSure(false)}
        >
          <div className="grid gap-5">
            <p>{t("security.passkeys.removeText", { name: passkey.name })}</p>
            <div className="flex flex-wrap justify-end gap-2">
              <Button look="quiet" onClick={() => setSure(false)}>
                {words("cancel")}
              </Button>
              <Button look="grave" onClick={() => void remove()}>
                {t("security.passkeys.remove")}
              </Button>
            </div>
          </div>
        </Dialog>
      )}
    </li>
  );
}
