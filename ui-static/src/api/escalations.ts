/* What waits, one of them, and the answers to them. */
import { useInfiniteQuery, useQuery } from '@tanstack/vue-query'
import { computed, type Ref } from 'vue'
import { get, post, tool } from './http'
import type { DecisionName, EscalationPage, EscalationScreen, Outcome, Review } from './types'

export interface Filter {
  view?: string
  entity?: string
  reason?: string
  tier?: string
  tool?: string
  min?: string
  max?: string
  currency?: string
  age?: string
  to?: string
  sort?: string
  q?: string
}

export function useEscalations(filter: Ref<Filter>) {
  const query = useInfiniteQuery({
    queryKey: ['escalations', 'list', filter],
    queryFn: ({ pageParam, signal }) =>
      get<EscalationPage>('escalations', { ...filter.value, limit: 200, cursor: pageParam }, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    placeholderData: (before) => before,
  })
  const items = computed(() => query.data.value?.pages.flatMap((p) => p.escalations) ?? [])
  const counts = computed(() => query.data.value?.pages[0]?.counts)
  return { ...query, items, counts }
}

/* How many wait, for the rail and the home screen. */
export function useWaiting() {
  return useQuery({
    queryKey: ['escalations', 'count'],
    queryFn: ({ signal }) => get<EscalationPage>('escalations', { limit: 1 }, signal),
    select: (page) => page.counts ?? undefined,
  })
}

export function escalationQuery(id: string) {
  return {
    queryKey: ['escalations', 'one', id],
    queryFn: ({ signal }: { signal?: AbortSignal }) =>
      get<EscalationScreen>('escalations/' + encodeURIComponent(id), {}, signal),
    meta: { topics: ['matches'] },
  }
}

export function useEscalation(id: Ref<string>) {
  return useQuery(computed(() => ({ ...escalationQuery(id.value), enabled: id.value !== '' })))
}

export interface DecisionBody {
  decision: DecisionName
  digest: string
  rationale?: string
  review?: Review
  idempotency_key: string
}

export function decide(id: string, body: DecisionBody): Promise<Outcome> {
  return post<Outcome>(`escalations/${encodeURIComponent(id)}/decision`, body)
}

export interface BulkBody {
  decision: 'confirm' | 'reject'
  rationale?: string
  items: { escalation_id: string; digest: string }[]
  review?: Review
  idempotency_key: string
}

export function decideSeveral(body: BulkBody): Promise<Outcome> {
  return post('escalations/decisions', body)
}

/* For somebody else's attention; gives nobody any authority. */
export function reassign(id: string, to: string, rationale: string, key: string): Promise<Outcome> {
  return tool('assign_item', { object: id, to, rationale: rationale || undefined, idempotency_key: key })
}

export function escalateMatch(matchId: string, to: string, rationale: string, key: string): Promise<Outcome> {
  return tool('escalate_match', { match_id: matchId, to: to || undefined, rationale, idempotency_key: key })
}

export function comment(id: string, text: string, key: string): Promise<Outcome> {
  return tool('comment_item', { object: id, text, idempotency_key: key })
}
