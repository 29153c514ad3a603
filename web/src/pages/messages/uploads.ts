/** Files on their way to a message: each is announced, sent straight to the bucket, looked at, and then there. */
import { useCallback, useEffect, useRef, useState } from "react";
import { api, call, newKey, type Shape } from "@/api/client";
import { Problem, unreachable } from "@/api/problem";
import { type Fault, FILES_PER_MESSAGE, faultOf, typeOf } from "./file_kinds";

export type ShownFile = Shape<"ShownFile">;

export interface Upload {
  id: string;
  name: string;
  size: number;
  stage: "reading" | "uploading" | "checking" | "ready" | "failed" | "unfit";
  /** Of its bytes, 0 to 1. */
  progress: number;
  fault: Fault | null;
  problem: unknown;
  file: ShownFile | null;
}

interface Work {
  chosen: File;
  stop: AbortController;
  announced: string | null;
}

export interface Uploads {
  all: readonly Upload[];
  /** Takes as many as fit; whether all did. */
  add: (files: readonly File[]) => boolean;
  remove: (id: string) => void;
  retry: (id: string) => void;
  /** They belong to a message now. */
  release: () => void;
}

export function useUploads(): Uploads {
  const [all, setAll] = useState<readonly Upload[]>([]);
  const works = useRef(new Map<string, Work>());
  const change = useCallback(
    (id: string, changes: Partial<Upload>) =>
      setAll((before) => before.map((upload) => (upload.id === id ? { ...upload, ...changes } : upload))),
    [],
  );
  const run = useCallback(
    async (id: string) => {
      const work = works.current.get(id);
      if (!work) return;
      change(id, { stage: "reading", progress: 0, problem: null });
      try {
        const file = await upload(work, (changes) => change(id, changes));
        change(id, { stage: "ready", file, progress: 1 });
      } catch (problem) {
        if (!work.stop.signal.aborted) change(id, { stage: "failed", problem });
      }
    },
    [change],
  );
  const add = useCallback(
    (files: readonly File[]) => {
      const fitting = files.slice(0, FILES_PER_MESSAGE - works.current.size);
      for (const chosen of fitting) {
        const id = newKey();
        const fault = faultOf(chosen);
        works.current.set(id, { chosen, stop: new AbortController(), announced: null });
        setAll((before) => [
          ...before,
          {
            id,
            name: chosen.name,
            size: chosen.size,
            stage: fault ? "unfit" : "reading",
            progress: 0,
            fault,
            problem: null,
            file: null,
          },
        ]);
        if (!fault) void run(id);
      }
      return fitting.length === files.length;
    },
    [run],
  );
  const remove = useCallback((id: string) => {
    const work = works.current.get(id);
    works.current.delete(id);
    setAll((before) => before.filter((upload) => upload.id !== id));
    if (work) giveUp(work);
  }, []);
  const release = useCallback(() => {
    works.current.clear();
    setAll([]);
  }, []);
  useEffect(() => {
    const held = works.current;
    return () => {
      for (const work of held.values()) giveUp(work);
      held.clear();
    };
  }, []);
  return { all, add, remove, retry: (id) => void run(id), release };
}

/** Nothing more of it is sent, and what was is deleted. */
function giveUp(work: Work): void {
  work.stop.abort();
  if (work.announced)
    void call(api.DELETE("/api/files/{id}", { params: { path: { id: work.announced } } })).catch(
      () => undefined,
    );
}

async function upload(work: Work, tell: (changes: Partial<Upload>) => void): Promise<ShownFile> {
  const { chosen, stop } = work;
  const sha256 = await checksum(chosen);
  const announced = await call(
    api.POST("/api/files", {
      params: { header: { "Idempotency-Key": newKey() } },
      body: { fileName: chosen.name, contentType: typeOf(chosen) ?? chosen.type, size: chosen.size, sha256 },
      signal: stop.signal,
    }),
  );
  work.announced = announced.file.id;
  tell({ stage: "uploading" });
  await send(announced, chosen, stop.signal, (progress) => tell({ progress }));
  tell({ stage: "checking", progress: 1 });
  return call(
    api.POST("/api/files/{id}/complete", {
      params: { path: { id: announced.file.id } },
      signal: stop.signal,
    }),
  );
}

async function checksum(file: File): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", await file.arrayBuffer());
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** PUT with progress, which `fetch` does not tell. */
function send(
  { uploadUrl, headers }: Shape<"FileToUpload">,
  file: File,
  signal: AbortSignal,
  tell: (progress: number) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("PUT", uploadUrl);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.upload.onprogress = ({ loaded, total }) => tell(total ? loaded / total : 0);
    request.onload = () =>
      request.status < 300 ? resolve() : reject(new Problem("not-uploaded", request.status));
    request.onerror = () => reject(unreachable());
    request.onabort = () => reject(new DOMException("given up", "AbortError"));
    signal.addEventListener("abort", () => request.abort());
    request.send(file);
  });
}
