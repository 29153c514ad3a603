/** What can be done with a message of one's own while it is young: change it, or take it back. */
import { useMutation } from "@tanstack/react-query";
import { Ellipsis, Pencil, Trash2 } from "lucide-react";
import { DropdownMenu } from "radix-ui";
import { useTranslation } from "react-i18next";
import { api, call } from "@/api/client";
import type { Item } from "@/realtime/timeline";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Message, problemWords } from "@/ui/states";

/** How long a message can be changed, in milliseconds: the server says no afterwards, whatever stands here. */
export const CHANGEABLE_MS = 15 * 60_000;

const ENTRY =
  "flex min-h-11 items-center gap-2 rounded-control px-3 py-2 font-semibold outline-none data-highlighted:bg-raised [&_svg]:size-4";

export function MessageActions({ onEdit, onDelete }: { onEdit: () => void; onDelete: () => void }) {
  const { t } = useTranslation("messages");
  return (
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger asChild>
        <Button look="quiet" size="icon" className="shrink-0 text-ink-soft" aria-label={t("message.actions")}>
          <Ellipsis aria-hidden />
        </Button>
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content
          align="end"
          className="z-40 min-w-40 rounded-card border border-line bg-surface p-1 shadow-card"
        >
          <DropdownMenu.Item className={ENTRY} onSelect={onEdit}>
            <Pencil aria-hidden />
            {t("message.edit")}
          </DropdownMenu.Item>
          <DropdownMenu.Item className={`${ENTRY} text-petal`} onSelect={onDelete}>
            <Trash2 aria-hidden />
            {t("message.delete")}
          </DropdownMenu.Item>
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}

export function DeleteDialog({
  item,
  onDone,
  onClose,
}: {
  item: Item;
  onDone: (message: Item) => void;
  onClose: () => void;
}) {
  const { t } = useTranslation("messages");
  const remove = useMutation({
    mutationFn: () => call(api.DELETE("/api/messages/{id}", { params: { path: { id: item.id } } })),
    onSuccess: onDone,
  });
  return (
    <Dialog title={t("message.deleteTitle")} onClose={onClose}>
      <div className="grid gap-4">
        <p>{t("message.deleteWhy")}</p>
        {remove.isError && <Message tone="problem">{problemWords(remove.error)}</Message>}
        <div className="flex flex-wrap justify-end gap-2">
          <Button look="quiet" onClick={onClose}>
            {t("message.deleteKeep")}
          </Button>
          <Button look="grave" busy={remove.isPending} onClick={() => remove.mutate()}>
            {t("message.delete")}
          </Button>
        </div>
      </div>
    </Dialog>
  );
}
