/** Who can be asked for care: one's own therapists above, and a directory to look through. */
import { useInfiniteQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router";
import { api, call } from "@/api/client";
import { deviceZone, zoneName } from "@/i18n/times";
import { Button } from "@/ui/button";
import { MoreButton } from "@/ui/more_button";
import { Page } from "@/ui/page";
import { Empty, PageProblem, Waiting } from "@/ui/states";
import { type Filters, filtersOf, queryOf } from "./directory_filters";
import { FilterForm } from "./filter_form";
import { latestOfEach } from "./next_steps";
import { OwnTherapists } from "./own_therapists";
import { useCare } from "./queries";
import { TherapistCard } from "./therapist_card";

const A_PAGE = 20;

export default function Therapists() {
  const { t } = useTranslation("patient");
  const [address, setAddress] = useSearchParams();
  const filters = filtersOf(address);
  const care = useCare();
  const found = useDirectory(filters);
  const therapists = found.data?.pages.flatMap(({ items }) => items) ?? [];
  const latest = latestOfEach(care.data?.items ?? []);
  if (care.isPending) return <Waiting />;
  return (
    <Page title={t("therapists.title")} lead={t("therapists.lead")}>
      <OwnTherapists care={latest} />
      <section aria-labelledby="directory" className="grid gap-4">
        <h2 id="directory">{t("therapists.directory")}</h2>
        <FilterForm filters={filters} shown={therapists} onChange={(chosen) => setAddress({ ...chosen })} />
        <p className="text-sm text-ink-soft">{t("zoned", { zone: zoneName(deviceZone()) })}</p>
        {found.isPending && <Waiting />}
        {found.error && !found.data && <PageProblem error={found.error} retry={found.refetch} />}
        <div aria-live="polite" className="sr-only">
          {found.data && t("therapists.found", { count: therapists.length })}
        </div>
        {found.data && therapists.length === 0 && !found.hasNextPage && (
          <Empty
            action={
              address.size > 0 && (
                <Button look="plain" onClick={() => setAddress({})}>
                  {t("therapists.clear")}
                </Button>
              )
            }
          >
            {t(address.size > 0 ? "therapists.noneFound" : "therapists.none")}
          </Empty>
        )}
        <ul className="grid gap-4">
          {therapists.map((therapist) => (
            <li key={therapist.id}>
              <TherapistCard
                therapist={therapist}
                care={latest.find((each) => each.therapist.id === therapist.id)}
              />
            </li>
          ))}
        </ul>
        <MoreButton asked={found} words={t("therapists.more")} />
      </section>
    </Page>
  );
}

function useDirectory(filters: Filters) {
  return useInfiniteQuery({
    queryKey: ["therapists", filters],
    queryFn: ({ pageParam }) =>
      call(
        api.GET("/api/therapists/available", {
          params: { query: { ...queryOf(filters, deviceZone()), limit: A_PAGE, cursor: pageParam } },
        }),
      ),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.nextCursor ?? undefined,
    placeholderData: (before) => before,
  });
}
