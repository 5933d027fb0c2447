/* What waits, one of them, and the answers to them. */
import { useInfiniteQuery, useQuery } from '@tanstack/vue-query'
import { computed, type Ref } from 'vue'
import { get, post, tool } from './http'
import { useSession } from './session'
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

/* A page may be empty and not the last; further back than this nobody asks. */
const PAGES = 5

async function newestEvent(actor: string, event_type: string): Promise<string> {
  let cursor: string | undefined
  for (let i = 0; i < PAGES; i++) {
    const page: { events: { event: { timestamp_utc: string } }[]; next_cursor?: string } = await tool('query_audit', {
      actor,
      event_type,
      order: 'newest',
      limit: 1,
      cursor,
    })
    if (page.events[0]) return page.events[0].event.timestamp_utc
    if (!page.next_cursor) break
    cursor = page.next_cursor
  }
  return ''
}

/* When this person decided last, "" when they never did. From the log: the list of what they decided
 * is in the order in which it was asked for. */
export function useLastDecision(wanted: Ref<boolean>) {
  const { me } = useSession()
  return useQuery(
    computed(() => ({
      queryKey: ['escalations', 'last', me.value?.actor ?? ''],
      queryFn: async () => {
        const at = await Promise.all(['ESCALATION_APPROVED', 'ESCALATION_REJECTED'].map((type) => newestEvent(me.value!.actor, type)))
        return at.sort().at(-1)!
      },
      enabled: wanted.value && (me.value?.tools.includes('query_audit') ?? false),
    })),
  )
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
