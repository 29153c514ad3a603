/** Somebody's settings at the server: shown as chosen at once, and taken back where they could not be kept. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, call, type Shape } from "@/api/client";
import { Message, problemWords } from "@/ui/states";

type Settings = Shape<"ShownSettings">;
type Changes = {
  [Group in "notifications" | "privacy" | "alerts"]?: Partial<NonNullable<Settings[Group]>>;
};

const KEY = ["settings"];

export function usePreferences() {
  const client = useQueryClient();
  const settings = useQuery({ queryKey: KEY, queryFn: () => call(api.GET("/api/user/settings")) });
  const keeping = useMutation({
    mutationFn: (changes: Changes) => call(api.PATCH("/api/user/settings", { body: changes })),
    onMutate: async (changes) => {
      await client.cancelQueries({ queryKey: KEY });
      const before = client.getQueryData<Settings>(KEY);
      if (before) client.setQueryData(KEY, merged(before, changes));
      return before;
    },
    onError: (_, __, before) => client.setQueryData(KEY, before),
    onSettled: () => client.invalidateQueries({ queryKey: KEY }),
  });
  return {
    settings,
    change: (changes: Changes) => keeping.mutate(changes),
    failure: keeping.error && <Message tone="problem">{problemWords(keeping.error)}</Message>,
  };
}

function merged(before: Settings, { notifications, privacy, alerts }: Changes): Settings {
  return {
    notifications: { ...before.notifications, ...notifications },
    privacy: { ...before.privacy, ...privacy },
    alerts: before.alerts && { ...before.alerts, ...alerts },
  };
}
