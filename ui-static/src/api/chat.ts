/* Conversations with a model: how the chat is set up, one's own sessions, and the rows of one of them.
 * The rows are what was recorded; nothing of them ever changes. */
import { useInfiniteQuery, useQuery } from '@tanstack/vue-query'
import { computed } from 'vue'
import { get, post } from './http'

/* Money is decimal text; max is null where there is no limit. */
export interface Spent {
  tokens: number
  tokens_max: number | null
  cost: string
  cost_max: string | null
}

export interface ChatSetup {
  configured: boolean
  why?: string
  api?: string
  model?: string
  suggestions?: { title: string; text: string }[]
  /* of today; `session` has only its limits: what a session used is its own */
  spent?: { session?: Spent; person_day: Spent; day: Spent; currency: string }
  /* absent while the engine is not there */
  tools?: { offered: number; withheld: number }
}

export type SessionState = 'ACTIVE' | 'WAITING_TOOL' | 'WAITING_HUMAN' | 'ENDED' | 'FAILED'

export interface ChatSession {
  session_id: string
  title: string
  state: SessionState
  entity_id?: string | null
  origin: 'chat' | 'ask' | 'run'
  api: string
  model: string
  turn_open: boolean
  created_at: string
  used_at: string
  input_tokens: number
  output_tokens: number
  cost: string
  rows: number
}

interface RowHead {
  n: number
  turn: number
  at: string
  latency_ms?: number
  input_tokens?: number
  output_tokens?: number
}

export type AnswerPart =
  | { type: 'text'; text: string }
  | { type: 'call'; call_id: string; tool: string; arguments?: Record<string, unknown>; malformed?: string }

export interface SaidRow extends RowHead {
  kind: 'said'
  text: string
}
export interface AnsweredRow extends RowHead {
  kind: 'answered'
  parts: AnswerPart[]
  /* end, calls, length, refused, cut, stopped */
  stop: string
}
export interface ReturnedRow extends RowHead {
  kind: 'returned'
  call_id: string
  tool: string
  /* ok, pending_approval, denied, or how it failed */
  status: string
  is_error: boolean
  result?: unknown
  /* too large to be shown here */
  result_left_out?: boolean
  /* where there is no result: what the model was told */
  text?: string
  /* how many account numbers and the like were taken out */
  hidden?: number
  escalation_id?: string
  code?: string
  seq?: number
  reason?: string
  clause?: string
  pointer?: string
}
export interface NotedRow extends RowHead {
  kind: 'noted'
  /* stopped, budget, steps, trouble, again, resumed, unknown, decided */
  what: string
  text: string
  escalation_id?: string
  state?: string
}
export interface SummedRow extends RowHead {
  kind: 'summed'
  text: string
  upto: number
}
export type ChatRow = SaidRow | AnsweredRow | ReturnedRow | NotedRow | SummedRow

export interface Talk {
  session: ChatSession
  rows: ChatRow[]
}

/* waiting: until the provider is asked again */
export type Doing = 'thinking' | 'tools' | 'waiting' | 'idle'

const path = (id: string, more = '') => `chat/sessions/${encodeURIComponent(id)}${more}`

export function useChatSetup() {
  return useQuery({
    queryKey: ['chat', 'setup'],
    queryFn: ({ signal }) => get<ChatSetup>('chat', {}, signal),
  })
}

export function useChatSessions() {
  const query = useInfiniteQuery({
    queryKey: ['chat', 'sessions'],
    queryFn: ({ pageParam, signal }) =>
      get<{ sessions: ChatSession[]; next?: string | null }>('chat/sessions', { limit: 50, before: pageParam }, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next ?? undefined,
    placeholderData: (before) => before,
  })
  const sessions = computed(() => query.data.value?.pages.flatMap((p) => p.sessions) ?? [])
  return { ...query, sessions }
}

export function readTalk(id: string, signal?: AbortSignal): Promise<Talk> {
  return get<Talk>(path(id), {}, signal)
}

export function startTalk(text: string, entity: string): Promise<{ session_id: string; n: number }> {
  return post('chat/sessions', entity ? { text, entity_id: entity } : { text })
}

export function say(id: string, text: string): Promise<{ n: number }> {
  return post(path(id, '/messages'), { text })
}

export function act(id: string, what: 'stop' | 'retry' | 'end'): Promise<unknown> {
  return post(path(id, '/' + what))
}

export const eventsUrl = (id: string) => `/api/v1/${path(id, '/events')}`
export const exportUrl = (id: string) => `/api/v1/${path(id, '/export')}`

/* ---- what the model is offered ---- */

export interface ModelTool {
  name: string
  title?: string
  summary: string
  state: 'offered' | 'new' | 'changed' | 'off'
  /* why it is not offered */
  why?: string
  read_only: boolean
  sha256: string
  /* a principal */
  accepted_by?: string
  accepted_at?: string
  definition?: unknown
  accepted_definition?: unknown
}

export function useModelTools() {
  return useQuery({
    queryKey: ['chat', 'tools'],
    queryFn: ({ signal }) => get<{ tools: ModelTool[] }>('chat/tools', {}, signal),
  })
}

export function acceptTool(name: string, sha256: string): Promise<unknown> {
  return post(`chat/tools/${encodeURIComponent(name)}/accept`, { sha256 })
}
