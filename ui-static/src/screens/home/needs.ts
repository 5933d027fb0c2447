/* What needs somebody today: counts, each with the address of the rows that make it. */
import { useQuery } from '@tanstack/vue-query'
import { computed, type Ref } from 'vue'
import { get } from '@/api/http'
import type { Escalation, EscalationPage, EscalationScreen } from '@/api/types'

const PAGE = 200
/* States in which somebody is still asked. */
const open = ['PENDING', 'STAGE_APPROVED', 'INFO_REQUESTED']

function usePage(name: string, query: Ref<Record<string, string | number | undefined>>) {
  return useQuery(
    computed(() => ({
      queryKey: ['escalations', 'home', name, query.value],
      queryFn: ({ signal }: { signal?: AbortSignal }) => get<EscalationPage>('escalations', query.value, signal),
    })),
  )
}

export interface Some {
  n: number
  /* there are more than were looked at */
  more: boolean
}

function some(page: EscalationPage | undefined, test: (e: Escalation) => boolean): Some | undefined {
  return page && { n: page.escalations.filter(test).length, more: !!page.next_cursor }
}

export function someWords(s: Some): string {
  return s.n.toLocaleString() + (s.more ? '+' : '')
}

export function useNeeds(entity: Ref<string>) {
  const of = (more: Record<string, string | number>) => computed(() => ({ entity: entity.value || undefined, ...more }))
  // due first: whoever is late stands at the front
  const waitingPage = usePage('waiting', of({ sort: 'sla', limit: PAGE }))
  const minePage = usePage('mine', of({ to: 'me', limit: 1 }))
  const askedPage = usePage('asked', of({ view: 'asked', limit: PAGE }))

  const waiting = computed(() => waitingPage.data.value?.counts?.matching)
  const overdue = computed<Some | undefined>(() => {
    const page = waitingPage.data.value
    if (!page) return undefined
    // counted over all entities by the engine; over one, from the rows
    if (!entity.value && page.counts?.overdue !== undefined) return { n: page.counts.overdue, more: false }
    const late = page.escalations.filter((e) => e.overdue === true).length
    return { n: late, more: !!page.next_cursor && late === page.escalations.length }
  })
  const mine = computed(() => minePage.data.value?.counts?.matching)
  const asked = computed(() => some(askedPage.data.value, (e) => open.includes(e.state)))
  const questions = computed(() => some(askedPage.data.value, (e) => e.state === 'INFO_REQUESTED'))
  const reasons = computed(() => {
    const rows = waitingPage.data.value
    if (!rows) return []
    const by: Record<string, number> = entity.value ? {} : { ...rows.counts?.by_reason }
    if (entity.value && !rows.next_cursor) for (const e of rows.escalations) by[e.reason] = (by[e.reason] ?? 0) + 1
    return Object.entries(by).sort((a, b) => b[1] - a[1])
  })
  return {
    waiting,
    overdue,
    mine,
    asked,
    questions,
    reasons,
    error: waitingPage.error,
    loading: waitingPage.isPending,
    refetch: waitingPage.refetch,
  }
}

/* When this person decided last; asked only when nothing waits. */
export function useLastDecision(when: Ref<boolean>) {
  return useQuery(
    computed(() => ({
      queryKey: ['escalations', 'home', 'last'],
      enabled: when.value,
      queryFn: async ({ signal }: { signal?: AbortSignal }) => {
        const page = await get<EscalationPage>('escalations', { view: 'decided', limit: 1 }, signal)
        const id = page.escalations[0]?.escalation_id
        if (!id) return null
        const one = await get<EscalationScreen>('escalations/' + encodeURIComponent(id), {}, signal)
        return one.escalation.decided ?? null
      },
    })),
  )
}
