/** A therapist's answer to what the model said: given once, revised as often as needed. */
import { useMutation } from "@tanstack/react-query";
import { useRef } from "react";
import { api, call, newKey } from "@/api/client";
import { Problem } from "@/api/problem";
import type { Analysis } from "@/realtime/timeline";
import type { Label } from "./scores";

/** Right where no other label is given. */
export interface Judgement {
  correctedLabel: Label | null;
}

interface After {
  onAnswered: (analysis: Analysis) => void;
  /** Somebody, or this person elsewhere, answered meanwhile. */
  onStale: () => void;
}

const STALE = ["already-answered", "revision-stale", "not-found"];

export function useFeedback(analysis: Analysis, { onAnswered, onStale }: After) {
  const key = useRef(newKey());
  return useMutation({
    mutationFn: ({ correctedLabel }: Judgement) => {
      const judgement = { isCorrect: correctedLabel === null, correctedLabel };
      const standing = analysis.feedback;
      return standing
        ? call(
            api.PATCH("/api/ml/feedback/{id}", {
              params: { path: { id: standing.id } },
              body: { ...judgement, revision: standing.revision },
            }),
          )
        : call(
            api.POST("/api/ml/feedback", {
              params: { header: { "Idempotency-Key": key.current } },
              body: { ...judgement, analysisId: analysis.id },
            }),
          );
    },
    onSuccess: ({ id, therapistId, isCorrect, correctedLabel, revision }) => {
      onAnswered({ ...analysis, feedback: { id, therapistId, isCorrect, correctedLabel, revision } });
    },
    onError: (reason) => {
      if (!(reason instanceof Problem) || reason.passing) return;
      key.current = newKey();
      if (STALE.includes(reason.kind)) onStale();
    },
  });
}
