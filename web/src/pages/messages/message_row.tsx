/** One row of a conversation: a message, or what waits to become one. */
import { Check, CheckCheck, Clock, CloudOff, RotateCcw } from "lucide-react";
import { memo, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Problem } from "@/api/problem";
import { inWords } from "@/i18n/times";
import type { Unsent } from "@/realtime/outbox";
import type { Item } from "@/realtime/timeline";
import { Button } from "@/ui/button";
import { classes } from "@/ui/classes";
import { problemWords } from "@/ui/states";
import { AnalysisBeside } from "./analysis_beside";
import { Attachment } from "./attachment";
import { MessageActions } from "./message_actions";
import type { Receipt } from "./rows";

interface Around {
  isOwn: boolean;
  /** It follows on another by the same person: no name above it. */
  continues: boolean;
  children: ReactNode;
}

function Side({ isOwn, continues, children }: Around) {
  return (
    <div
      className={classes(
        "grid gap-1 px-3 sm:px-4",
        continues ? "pt-1" : "pt-3",
        isOwn ? "justify-items-end" : "",
      )}
    >
      {children}
    </div>
  );
}

const BUBBLE = "rounded-card px-3.5 py-2 break-words [overflow-wrap:anywhere]";

interface Props {
  item: Item;
  isOwn: boolean;
  name: string;
  continues: boolean;
  receipt: Receipt;
  /** It was found by a search, and is pointed out. */
  isMarked: boolean;
  /** Show what the model said: for a therapist, beside a patient's words. */
  withAnalysis: boolean;
  canChange: boolean;
  onEdit: (item: Item) => void;
  onDelete: (item: Item) => void;
}

export const MessageRow = memo(function MessageRow(props: Props) {
  const { item, isOwn, name, continues, receipt, isMarked, withAnalysis } = props;
  const { t } = useTranslation("messages");
  const time = inWords(item.sentAt, "time");
  const isGone = item.deletedAt != null;
  return (
    <Side isOwn={isOwn} continues={continues}>
      <div
        className={classes(
          "flex w-full flex-col gap-x-4 gap-y-2 xl:flex-row",
          isOwn ? "items-end xl:justify-end" : "items-stretch xl:items-start",
        )}
      >
        <div
          className={classes(
            "grid min-w-0 gap-1",
            isOwn ? "max-w-full justify-items-end" : "justify-items-start xl:flex-1",
          )}
        >
          <p className={classes("text-sm text-ink-soft", continues && "sr-only")}>
            {isOwn ? t("message.own", { time }) : t("message.from", { name, time })}
          </p>
          <div className={classes("flex max-w-full items-center gap-1", isOwn && "flex-row-reverse")}>
            <div
              className={classes(
                BUBBLE,
                isOwn ? "rounded-br-sm" : "rounded-bl-sm border",
                isGone
                  ? "border border-dashed border-line-strong text-ink-soft italic"
                  : isOwn
                    ? "bg-leaf-soft"
                    : "border-line bg-surface",
                isMarked && "outline-2 outline-offset-2 outline-focus",
                "max-w-[36rem]",
              )}
            >
              {isGone ? (
                <p>{t(isOwn ? "message.deletedOwn" : "message.deletedOther")}</p>
              ) : (
                <div className="grid gap-2">
                  <p className="whitespace-pre-wrap">{item.body}</p>
                  {item.attachments?.map((file) => (
                    <Attachment key={file.id} file={file} author={name} />
                  ))}
                </div>
              )}
            </div>
            {props.canChange && !isGone && (
              <MessageActions onEdit={() => props.onEdit(item)} onDelete={() => props.onDelete(item)} />
            )}
          </div>
          {(item.editedAt || receipt) && !isGone && (
            <p className="flex items-center gap-2 text-sm text-ink-soft">
              {item.editedAt && <span>{t("message.edited")}</span>}
              <ReceiptWords receipt={receipt} />
            </p>
          )}
        </div>
        {withAnalysis && !isGone && <AnalysisBeside item={item} />}
      </div>
    </Side>
  );
});

function ReceiptWords({ receipt }: { receipt: Receipt }) {
  const { t } = useTranslation("messages");
  if (!receipt) return null;
  const Icon = receipt === "sent" ? Check : CheckCheck;
  return (
    <span className="inline-flex items-center gap-1">
      <Icon className={classes("size-4", receipt === "read" && "text-leaf")} aria-hidden />
      {t(`message.${receipt}`)}
    </span>
  );
}

interface UnsentProps {
  unsent: Unsent;
  continues: boolean;
  /** Where several wait, the last alone says why. */
  isLast: boolean;
  /** The last try found no connection. */
  isHeld: boolean;
  onRetry: (unsent: Unsent) => void;
  /** Put its words back into the field, where there is one. */
  onTakeBack: ((unsent: Unsent) => void) | null;
  onDiscard: (unsent: Unsent) => void;
}

export const UnsentRow = memo(function UnsentRow({
  unsent,
  continues,
  isLast,
  isHeld,
  ...steps
}: UnsentProps) {
  const { t } = useTranslation("messages");
  const time = inWords(new Date(unsent.writtenAt), "time");
  return (
    <Side isOwn continues={continues}>
      <p className={classes("text-sm text-ink-soft", continues && "sr-only")}>{t("message.own", { time })}</p>
      <div className={classes(BUBBLE, "max-w-[min(36rem,86%)] rounded-br-sm bg-leaf-soft")}>
        <div className="grid gap-2">
          <p className="whitespace-pre-wrap">{unsent.body}</p>
          {unsent.attachments.map((file) => (
            <p key={file.id} className="truncate text-sm font-semibold">
              {file.fileName ?? t("file.unnamed")}
            </p>
          ))}
        </div>
      </div>
      {unsent.refused ? (
        <Refused unsent={unsent} {...steps} />
      ) : (
        <p className={classes("flex items-center gap-1 text-sm text-ink-soft", !isLast && "sr-only")}>
          {isHeld ? (
            <>
              <CloudOff className="size-4" aria-hidden />
              {t("message.waiting")}
              {isLast && (
                <Button
                  look="link"
                  size="text"
                  className="ml-1 min-h-9"
                  onClick={() => steps.onRetry(unsent)}
                >
                  {t("message.retry")}
                </Button>
              )}
            </>
          ) : (
            <>
              <Clock className="size-4" aria-hidden />
              {t("message.sending")}
            </>
          )}
        </p>
      )}
    </Side>
  );
});

function Refused({
  unsent,
  onRetry,
  onTakeBack,
  onDiscard,
}: Pick<UnsentProps, "unsent" | "onRetry" | "onTakeBack" | "onDiscard">) {
  const { t } = useTranslation("messages");
  const words = problemWords(new Problem(unsent.refused ?? "", 409));
  const canRepeat = unsent.refused !== "repeat-differs" && unsent.refused !== "conversation-closed";
  return (
    <div
      role="status"
      className="grid max-w-[36rem] justify-items-end gap-2 rounded-control bg-sun-soft px-3 py-2 text-sm"
    >
      <p>
        <strong>{t("message.notSent")}</strong> {words}
      </p>
      <div className="flex flex-wrap justify-end gap-2">
        {canRepeat && (
          <Button size="small" look="plain" className="min-h-11 sm:min-h-9" onClick={() => onRetry(unsent)}>
            <RotateCcw aria-hidden />
            {t(unsent.refused === "waited-long" ? "message.sendNow" : "message.retry")}
          </Button>
        )}
        {onTakeBack && (
          <Button
            size="small"
            look="quiet"
            className="min-h-11 sm:min-h-9"
            onClick={() => onTakeBack(unsent)}
          >
            {t("message.takeBack")}
          </Button>
        )}
        <Button size="small" look="quiet" className="min-h-11 sm:min-h-9" onClick={() => onDiscard(unsent)}>
          {t("message.discard")}
        </Button>
      </div>
    </div>
  );
}
