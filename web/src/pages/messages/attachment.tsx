/** A file that a message carries: safe pictures are shown, everything else is a download; nothing is ever run or framed. */
import { useQuery } from "@tanstack/react-query";
import { Download, FileText, FileX, LoaderCircle } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, call, type Shape } from "@/api/client";
import { Button } from "@/ui/button";
import { problemWords } from "@/ui/states";
import { useToast } from "@/ui/toast";
import { isShownPicture, sizeInWords } from "./file_kinds";

type ShownFile = Shape<"ShownFile">;

/** A link holds five minutes: it is asked for anew well before. */
const LINK_MS = 4 * 60_000;

const link = (id: string) => call(api.GET("/api/files/{id}", { params: { path: { id } } }));

export function Attachment({ file, author }: { file: ShownFile; author: string }) {
  const { t } = useTranslation("messages");
  if (file.status === "deleted") return <Gone words={t("file.deleted")} />;
  if (file.scan === "infected") return <Gone words={t("file.infected")} />;
  if (file.status !== "complete") return <Gone words={t("file.refused")} />;
  return file.scan === "pending" ? (
    <Scanned file={file} author={author} />
  ) : (
    <Open file={file} author={author} />
  );
}

/** Its message was told before the scanner had looked: ask now and then whether it has. */
function Scanned({ file, author }: { file: ShownFile; author: string }) {
  const { t } = useTranslation("messages");
  const { data } = useQuery({
    queryKey: ["file", file.id],
    queryFn: () => link(file.id),
    refetchInterval: ({ state }) => (state.data && state.data.file.scan !== "pending" ? false : 5_000),
  });
  if (data && data.file.scan !== "pending") return <Attachment file={data.file} author={author} />;
  return (
    <p className="flex items-center gap-2 text-sm">
      <LoaderCircle className="size-4 shrink-0 animate-spin" aria-hidden />
      <span className="min-w-0 break-words">
        {file.fileName ?? t("file.unnamed")}: {t("file.scanning")}
      </span>
    </p>
  );
}

function Open({ file, author }: { file: ShownFile; author: string }) {
  const { t } = useTranslation("messages");
  return (
    <div className="grid gap-1.5">
      {isShownPicture(file.contentType) && <Picture file={file} author={author} />}
      <DownloadButton file={file} />
      {file.scan === "unscanned" && <p className="text-sm">{t("file.notScanned")}</p>}
    </div>
  );
}

function Picture({ file, author }: { file: ShownFile; author: string }) {
  const { t } = useTranslation("messages");
  const [failed, setFailed] = useState(0);
  const { data, isError, refetch } = useQuery({
    queryKey: ["file", file.id],
    queryFn: () => link(file.id),
    staleTime: LINK_MS,
    gcTime: LINK_MS,
  });
  const name = file.fileName ?? t("file.unnamed");
  if (isError || failed > 1) return <p className="text-sm">{t("file.noPicture")}</p>;
  return (
    // Its place is kept free, so that nothing moves when it comes.
    <div className="grid h-48 w-64 max-w-full place-items-center overflow-hidden rounded-control bg-raised">
      {data?.downloadUrl ? (
        <img
          src={data.downloadUrl}
          alt={t("file.pictureOf", { name, author })}
          referrerPolicy="no-referrer"
          decoding="async"
          className="size-full object-contain"
          onError={() => {
            setFailed(failed + 1);
            void refetch();
          }}
        />
      ) : (
        <span className="text-sm text-ink-soft">{t("file.loadingPicture")}</span>
      )}
    </div>
  );
}

function DownloadButton({ file }: { file: ShownFile }) {
  const { t, i18n } = useTranslation("messages");
  const tell = useToast();
  const [busy, setBusy] = useState(false);
  const name = file.fileName ?? t("file.unnamed");
  const size = sizeInWords(file.size, i18n.language);
  const download = async () => {
    setBusy(true);
    try {
      const { downloadUrl } = await link(file.id);
      if (downloadUrl) follow(downloadUrl, name);
    } catch (reason) {
      tell(problemWords(reason));
    } finally {
      setBusy(false);
    }
  };
  return (
    <Button
      look="plain"
      size="small"
      busy={busy}
      onClick={() => void download()}
      className="min-h-11 max-w-full justify-self-start text-left"
    >
      {file.contentType === "application/pdf" ? <FileText aria-hidden /> : <Download aria-hidden />}
      <span className="sr-only">{t("file.download")}</span>
      <span className="min-w-0 truncate">{name}</span>
      <span className="shrink-0 font-normal text-ink-soft">{size}</span>
    </Button>
  );
}

/** The bucket answers as an attachment: it is saved, and never opened in our place. */
function follow(url: string, name: string) {
  const anchor = document.createElement("a");
  anchor.href = url;
  anchor.download = name;
  anchor.rel = "noopener noreferrer";
  anchor.referrerPolicy = "no-referrer";
  anchor.click();
}

function Gone({ words }: { words: string }) {
  return (
    <p className="flex items-center gap-2 text-sm">
      <FileX className="size-4 shrink-0" aria-hidden />
      {words}
    </p>
  );
}
