/* The log as the explorer reads it: pages, one event, and the fields of an event that people ask for. */
import { useInfiniteQuery, useQuery } from '@tanstack/vue-query'
import { computed, type Ref } from 'vue'
import { get } from '@/api/http'
import type { AuditPage } from '@/api/types'

export type AuditRow = AuditPage['events'][number]

export interface AuditFilter {
  entity?: string
  actor?: string
  type?: string
  match?: string
  from?: string
  to?: string
  order?: string
}

/* recon://explain/{seq} */
export interface Explained {
  steps?: { row: string; condition: string; held: boolean }[]
  recorded?: { decision?: string; reason?: string; row?: string }
}

export interface AuditEvent {
  event: AuditRow
  explain: Explained | null
}

const PAGE = 200

export function useAudit(filter: Ref<AuditFilter>) {
  const query = useInfiniteQuery({
    queryKey: ['audit', 'list', filter],
    queryFn: ({ pageParam, signal }) => get<AuditPage>('audit', { ...filter.value, limit: PAGE, cursor: pageParam }, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    placeholderData: (before) => before,
  })
  const rows = computed(() => query.data.value?.pages.flatMap((p) => p.events) ?? [])
  return { ...query, rows }
}

export function useAuditEvent(seq: Ref<string>) {
  return useQuery(
    computed(() => ({
      queryKey: ['audit', 'one', seq.value],
      queryFn: ({ signal }: { signal?: AbortSignal }) => get<AuditEvent>('audit/' + encodeURIComponent(seq.value), {}, signal),
      enabled: /^\d+$/.test(seq.value),
      staleTime: Infinity, // what was hashed does not change
    })),
  )
}

export function field(row: AuditRow, name: string): string {
  const v = row.event[name]
  return typeof v === 'string' ? v : typeof v === 'number' ? String(v) : ''
}

/* The file of what is looked at: the same filter, without the page. */
export function exportUrl(filter: AuditFilter): string {
  const q = new URLSearchParams()
  for (const [k, v] of Object.entries(filter)) if (v && k !== 'order') q.set(k, v)
  return '/api/v1/audit/export' + (q.size > 0 ? '?' + q.toString() : '')
}

/* What people filter by most; any other type can be typed. */
export const eventTypes = [
  'OK',
  'POLICY_VIOLATION',
  'ESCALATION_PENDING',
  'ESCALATION_APPROVED',
  'ESCALATION_REJECTED',
  'ESCALATION_STALE',
  'ESCALATION_EXPIRED',
  'INGESTED',
  'POLICY_APPROVED',
  'REGISTRY_CHANGED',
  'FROZEN',
  'DELIVERY_FAILED',
] as const
