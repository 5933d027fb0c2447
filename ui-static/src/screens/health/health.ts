import { useInfiniteQuery, useMutation, useQuery } from '@tanstack/vue-query'
import { computed, type Ref } from 'vue'
import { get, post } from '@/api/http'
import { changed } from '@/api/query'
import type { Verify } from '@/api/types'

export interface Health {
  agent: { started: string; now: string }
  engine: {
    reachable: boolean
    since?: string
    heard?: string
    url: string
    version: string
    protocol: string
    why?: string
  }
  chain: Verify | null
  trouble?: string
}

export interface Delivery {
  delivery_id: string
  channel: string
  recipient: string
  escalation_id: string
  kind: string
  event_type: string
  seq: number
  state: string
  attempts: number
  tries_left: number
  unsure: number
  next_at?: string
  last_error?: string
  created_at: string
  updated_at: string
}

export interface Outbox {
  counts: { queued: number; sending: number; sent: number; dead_letter: number; cancelled: number; oldest_queued_at?: string }
  channels: Record<string, boolean>
  followed_to_seq?: number
  deliveries: Delivery[]
}

export function useHealth() {
  return useQuery({
    queryKey: ['engine', 'health'],
    queryFn: ({ signal }) => get<Health>('health', {}, signal),
    meta: { topics: ['audit'] },
    refetchInterval: 15_000,
  })
}

const PAGE = 100

export function useOutbox(state: Ref<string>) {
  const query = useInfiniteQuery({
    queryKey: ['outbox', 'list', state],
    queryFn: ({ pageParam, signal }) => get<Outbox>('outbox', { state: state.value, before: pageParam, limit: PAGE }, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => (page.deliveries.length === PAGE ? page.deliveries.at(-1)!.created_at : undefined),
  })
  const first = computed(() => query.data.value?.pages[0])
  const deliveries = computed(() => query.data.value?.pages.flatMap((p) => p.deliveries) ?? [])
  return { ...query, first, deliveries }
}

export function useRetry() {
  return useMutation({
    mutationFn: (id: string) => post<Delivery>(`outbox/${encodeURIComponent(id)}/retry`),
    onSettled: () => changed(['outbox']),
  })
}
