/* Server state. The first part of a query's key is the topic that makes it old (SSE: live.ts);
 * `meta.topics` names further ones. */
import { QueryClient } from '@tanstack/vue-query'
import { ApiError, Unreachable } from './http'

export type Topic =
  | 'escalations'
  | 'exceptions'
  | 'status'
  | 'runs'
  | 'policy'
  | 'audit'
  | 'outbox'
  | 'matches'
  | 'rules'
  | 'engine'
  | 'chat'

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 30_000,
      refetchOnWindowFocus: true,
      // an answer is an answer; only silence is asked again
      retry: (n, e) => e instanceof Unreachable && n < 3,
      retryDelay: (n) => Math.min(15_000, 1000 * 2 ** n),
    },
    mutations: { retry: false },
  },
})

/* What is shown first is what somebody waits for: how their decision ended is painted before long
 * lists are asked for again, and several changes at once are one asking. */
const SETTLE_MS = 60
const heard = new Set<string>()
let settling: ReturnType<typeof setTimeout> | undefined

function askAgain(): void {
  const topics = [...heard]
  heard.clear()
  settling = undefined
  void queryClient.invalidateQueries({
    predicate: (q) =>
      topics.includes(String(q.queryKey[0])) || ((q.meta?.topics as string[] | undefined) ?? []).some((t) => topics.includes(t)),
  })
}

export function changed(topics: readonly string[]): void {
  if (topics.length === 0) return
  topics.forEach((t) => heard.add(t))
  settling ??= setTimeout(askAgain, SETTLE_MS)
}

export function isApiError(e: unknown): e is ApiError {
  return e instanceof ApiError
}
