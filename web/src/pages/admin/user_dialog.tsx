/** One account: paused or opened, its role, and looking on with a reason. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { api, call, type Shape } from "@/api/client";
import { beginLooking } from "@/session/looking_on";
import { useSession } from "@/session/session";
import { useStepUp } from "@/session/step_up";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Select, TextArea } from "@/ui/field";
import { useForm } from "@/ui/form";
import { Message, problemWords } from "@/ui/states";
import { useToast } from "@/ui/toast";

type User = Shape<"ShownUser">;
const SUSPENSIONS: readonly Shape<"SuspensionReason">[] = [
  "security",
  "conduct",
  "licence",
  "requested",
  "other",
];
const ROLES: readonly Shape<"Role">[] = ["PATIENT", "THERAPIST", "ADMINISTRATOR"];
const LOOKS: readonly Shape<"ImpersonationReason">[] = ["asked-for-help", "fault-reported", "security"];
const SHORTEST_REASON = 10;

export function UserDialog({ user, onClose }: { user: User; onClose: () => void }) {
  const { t } = useTranslation(["admin", "common"]);
  const { data: session } = useSession();
  const own = session?.user.id === user.id;
  return (
    <Dialog title={user.name} onClose={onClose}>
      <div className="grid gap-6">
        <dl className="grid gap-3 sm:grid-cols-2">
          <Fact name={t("users.email")}>{user.email}</Fact>
          <Fact name={t("users.columns.role")}>{t(`common:roles.${user.role}`)}</Fact>
          <Fact name={t("users.verified")}>{t(user.emailVerified ? "users.yes" : "users.no")}</Fact>
          <Fact name={t("users.columns.state")}>
            {t(`users.statuses.${user.status}`)}
            {user.suspensionReason && ` (${t(`users.suspensions.${user.suspensionReason as "security"}`)})`}
          </Fact>
        </dl>
        {own && <p className="text-ink-soft">{t("users.own")}</p>}
        {!own && user.status !== "erased" && (
          <>
            <StateForm user={user} />
            <RoleForm user={user} />
            {user.role !== "ADMINISTRATOR" && user.status === "active" && <LookForm user={user} />}
          </>
        )}
      </div>
    </Dialog>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <dt className="text-sm text-ink-soft">{name}</dt>
      <dd className="break-words">{children}</dd>
    </div>
  );
}

function useChange(user: User) {
  const { t } = useTranslation("common");
  const store = useQueryClient();
  const proven = useStepUp();
  const tell = useToast();
  return useMutation({
    mutationFn: (body: Shape<"UserChange">) =>
      proven(() => call(api.PATCH("/api/admin/users/{id}", { params: { path: { id: user.id } }, body }))),
    onSuccess: async () => {
      await store.invalidateQueries({ queryKey: ["users"] });
      tell(t("saved"));
    },
  });
}

function StateForm({ user }: { user: User }) {
  const { t } = useTranslation("admin");
  const change = useChange(user);
  const [reason, setReason] = useState<Shape<"SuspensionReason">>("security");
  return (
    <section className="grid gap-3 border-t pt-4">
      <h3>{t("users.access")}</h3>
      {change.error && <Message tone="problem">{problemWords(change.error)}</Message>}
      {user.status === "active" ? (
        <div className="grid gap-3 sm:grid-cols-[1fr_auto] sm:items-end">
          <Select
            label={t("users.why")}
            value={reason}
            onChange={(event) => setReason(event.target.value as typeof reason)}
          >
            {SUSPENSIONS.map((each) => (
              <option key={each} value={each}>
                {t(`users.suspensions.${each}`)}
              </option>
            ))}
          </Select>
          <Button
            look="grave"
            busy={change.isPending}
            onClick={() => change.mutate({ status: "suspended", reason })}
          >
            {t("users.suspend")}
          </Button>
        </div>
      ) : (
        <Button
          look="plain"
          className="justify-self-start"
          busy={change.isPending}
          onClick={() => change.mutate({ status: "active" })}
        >
          {t("users.reopen")}
        </Button>
      )}
      <Button
        look="link"
        size="text"
        className="justify-self-start"
        busy={change.isPending}
        onClick={() => change.mutate({ unlock: true })}
      >
        {t("users.unlock")}
      </Button>
    </section>
  );
}

function RoleForm({ user }: { user: User }) {
  const { t } = useTranslation(["admin", "common"]);
  const change = useChange(user);
  const [role, setRole] = useState(user.role);
  return (
    <section className="grid gap-3 border-t pt-4">
      <h3>{t("users.role")}</h3>
      {change.error && <Message tone="problem">{problemWords(change.error)}</Message>}
      <div className="grid gap-3 sm:grid-cols-[1fr_auto] sm:items-end">
        <Select
          label={t("users.newRole")}
          hint={t("users.roleHint")}
          value={role}
          onChange={(event) => setRole(event.target.value as typeof role)}
        >
          {ROLES.map((each) => (
            <option key={each} value={each}>
              {t(`common:roles.${each}`)}
            </option>
          ))}
        </Select>
        <Button
          look="plain"
          disabled={role === user.role}
          busy={change.isPending}
          onClick={() => change.mutate({ role })}
        >
          {t("users.changeRole")}
        </Button>
      </div>
    </section>
  );
}

function LookForm({ user }: { user: User }) {
  const { t } = useTranslation("admin");
  const proven = useStepUp();
  const form = useForm(
    async (given) => {
      const body = {
        userId: user.id,
        reasonCode: given.reasonCode as Shape<"ImpersonationReason">,
        reason: given.reason ?? "",
      };
      const begun = await proven(() => call(api.POST("/api/admin/impersonations", { body })));
      beginLooking(begun.impersonation.id);
    },
    ({ reason = "" }) => (reason.trim().length < SHORTEST_REASON ? { reason: t("breakGlass.whyShort") } : {}),
  );
  return (
    <form onSubmit={form.onSubmit} className="grid gap-3 border-t pt-4" noValidate>
      <h3>{t("users.look.title")}</h3>
      <p className="text-sm text-ink-soft">{t("users.look.lead", { name: user.name })}</p>
      {form.failure && <Message tone="problem">{form.failure}</Message>}
      <Select label={t("breakGlass.reasonCode")} name="reasonCode">
        {LOOKS.map((each) => (
          <option key={each} value={each}>
            {t(`users.look.reasons.${each}`)}
          </option>
        ))}
      </Select>
      <TextArea
        label={t("breakGlass.why")}
        name="reason"
        rows={2}
        maxLength={1000}
        fault={form.faultOf("reason")}
      />
      <Button type="submit" look="plain" className="justify-self-start" busy={form.busy}>
        {t("users.look.begin")}
      </Button>
    </form>
  );
}
