/** The files that are about to go with a message, each with how far it is. */
import { FileText, Image, RotateCcw, X } from "lucide-react";
import { useTranslation } from "react-i18next";
import { Problem } from "@/api/problem";
import { Button } from "@/ui/button";
import { problemWords } from "@/ui/states";
import { FILES_PER_MESSAGE, sizeInWords } from "./file_kinds";
import { PROGRESS } from "./progress";
import type { Upload, Uploads } from "./uploads";

interface Props {
  uploads: Uploads;
  /** What has to be said of what was not taken. */
  words: string | null;
  hint: boolean;
}

export function UploadTray({ uploads, words, hint }: Props) {
  const { t } = useTranslation("messages");
  return (
    <>
      {words && (
        <p role="status" className="text-sm font-semibold">
          {words}
        </p>
      )}
      {uploads.all.length > 0 && (
        <ul aria-label={t("file.list")} className="grid max-h-40 gap-2 overflow-y-auto sm:grid-cols-2">
          {uploads.all.map((upload) => (
            <UploadEntry key={upload.id} upload={upload} uploads={uploads} />
          ))}
        </ul>
      )}
      {hint && (
        <p className="text-xs text-ink-soft">{t("composer.attachHint", { count: FILES_PER_MESSAGE })}</p>
      )}
    </>
  );
}

function UploadEntry({ upload, uploads }: { upload: Upload; uploads: Uploads }) {
  const { t, i18n } = useTranslation("messages");
  const { id, name, size, stage, progress } = upload;
  const isUnderWay = stage === "uploading" || stage === "reading" || stage === "checking";
  const Icon = /\.(jpe?g|png|gif|webp|heic)$/i.test(name) ? Image : FileText;
  return (
    <li className="flex items-center gap-2 rounded-control border border-line bg-ground px-2.5 py-1.5">
      <Icon className="size-5 shrink-0 text-ink-soft" aria-hidden />
      <div className="min-w-0 flex-1 text-sm">
        <p className="truncate font-semibold">{name}</p>
        <p className={stage === "failed" || stage === "unfit" ? "text-petal" : "text-ink-soft"}>
          {sizeInWords(size, i18n.language)} · <Stage upload={upload} />
        </p>
        {stage === "uploading" && (
          <progress
            value={progress}
            max={1}
            aria-label={t("file.progress", { name })}
            className={`mt-1 ${PROGRESS}`}
          />
        )}
      </div>
      {stage === "failed" && !isForGood(upload.problem) && (
        <Button
          look="quiet"
          size="icon"
          aria-label={t("file.retry", { name })}
          onClick={() => uploads.retry(id)}
        >
          <RotateCcw aria-hidden />
        </Button>
      )}
      <Button
        look="quiet"
        size="icon"
        aria-label={t(isUnderWay ? "file.cancel" : "file.remove", { name })}
        onClick={() => uploads.remove(id)}
      >
        <X aria-hidden />
      </Button>
    </li>
  );
}

/** Whether the same file would be refused once more. */
function isForGood(problem: unknown): boolean {
  return problem instanceof Problem && ["file-refused", "type-not-taken"].includes(problem.kind);
}

function Stage({ upload: { stage, progress, fault, problem } }: { upload: Upload }) {
  const { t } = useTranslation("messages");
  if (stage === "unfit" && fault) return t(`file.${fault}`);
  if (stage === "failed") return problemWords(problem);
  if (stage === "uploading") return t("file.uploading", { percent: Math.round(progress * 100) });
  return t(stage === "ready" ? "file.ready" : stage === "checking" ? "file.checking" : "file.reading");
}
