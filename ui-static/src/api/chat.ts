/* Conversations with a model: how the chat is set up, one's own sessions, and the rows of one of them.
 * What it answers and is sent is typed by the agent's own tables. */
import { useInfiniteQuery, useQuery } from '@tanstack/vue-query'
import { computed } from 'vue'
import { get, post } from './http'
import type { Accept, ChatSession, ChatSessions, ChatSetup, ChatTaken, FirstSaid, ModelTools, Said, Talk } from './types.gen'

export type {
  AnsweredRow, AnswerPart, ChatRow, ChatSession, ChatSetup, ModelTool, NotedRow, ReturnedRow, SaidRow, Spent, SummedRow, Talk,
} from './types.gen'

export type SessionState = ChatSession['state']

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
      get<ChatSessions>('chat/sessions', { limit: 50, before: pageParam }, signal),
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

export function startTalk(text: string, entity: string): Promise<ChatTaken> {
  const said: FirstSaid = entity ? { text, entity_id: entity } : { text }
  return post('chat/sessions', said)
}

export function say(id: string, text: string): Promise<ChatTaken> {
  const said: Said = { text }
  return post(path(id, '/messages'), said)
}

export function act(id: string, what: 'stop' | 'retry' | 'end'): Promise<unknown> {
  return post(path(id, '/' + what))
}

export const eventsUrl = (id: string) => `/api/v1/${path(id, '/events')}`
export const exportUrl = (id: string) => `/api/v1/${path(id, '/export')}`

/* ---- what the model is offered ---- */

export function useModelTools() {
  return useQuery({
    queryKey: ['chat', 'tools'],
    queryFn: ({ signal }) => get<ModelTools>('chat/tools', {}, signal),
  })
}

export function acceptTool(name: string, sha256: string): Promise<unknown> {
  const accepted: Accept = { sha256 }
  return post(`chat/tools/${encodeURIComponent(name)}/accept`, accepted)
}
