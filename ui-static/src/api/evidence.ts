/* The log as this browser verifies it: its keys, its newest head, one event's receipt. The server
 * gives the bytes; whether they hold is computed here. */
import { useQuery } from '@tanstack/vue-query'
import { computed, toValue, type MaybeRefOrGetter } from 'vue'
import {
  answerOf,
  base64Of,
  growthFrom,
  hashFrom,
  headContinues,
  headHolds,
  hexOf,
  receiptFrom,
  receiptHolds,
  refusal,
  type Answer,
  type Evidence,
  type Head,
  type Seen as SeenRoot,
  type TrustedKey,
} from '@/lib/evidence'
import { judgeKeys, keepHead, kept, type LogTrust } from '@/lib/logtrust'
import { get, Missing, Unreachable } from './http'
import { queryClient } from './query'
import { useSession } from './session'

interface Keys {
  statements: string[]
}
interface CheckpointSaid {
  checkpoint: string
}

/* Heads that were found to be of the history kept here, so that each is asked for once. */
const ofHistory = new Set<string>()

export const originOf = (book: string | undefined) => (book ? `closegate/${book}` : '')

function keysQuery(origin: string) {
  return {
    queryKey: ['engine', 'log-keys', origin] as const,
    queryFn: async ({ signal }: { signal?: AbortSignal }): Promise<Answer<LogTrust>> => {
      const said = await get<Keys>('audit/keys', {}, signal)
      return judgeKeys(origin, said.statements)
    },
    staleTime: 300_000,
  }
}

/* Under the keys that are trusted; a key that nobody knew a moment ago is asked for once. */
async function underKeys<T>(origin: string, work: (keys: readonly TrustedKey[]) => Promise<T>): Promise<Answer<T>> {
  for (const staleTime of [300_000, 0]) {
    const trust = await queryClient.fetchQuery({ ...keysQuery(origin), staleTime })
    if (trust.state !== 'verified') return trust
    if (trust.found.keys.length === 0) return { state: 'unknown', words: 'This log has no key: what it records is not signed.' }
    const answer = await answerOf(() => work(trust.found.keys))
    if (answer.state !== 'refused' || (answer.what !== 'key' && answer.what !== 'retired') || staleTime === 0) return answer
  }
  throw new Error('unreachable')
}

export function useOrigin() {
  const { me } = useSession()
  return computed(() => originOf(me.value?.book_id))
}

export function useLogTrust() {
  const origin = useOrigin()
  return useQuery(computed(() => ({ ...keysQuery(origin.value), enabled: origin.value !== '' })))
}

/* What this browser goes by is another now: everything is held against it anew. */
export function askKeysAgain(): void {
  ofHistory.clear()
  void queryClient.invalidateQueries({ predicate: (q) => q.queryKey[1] === 'log-keys' || q.queryKey[1] === 'head' || q.queryKey[0] === 'receipt' })
}

export interface SeenHead {
  head: Head
  /* the size this browser had verified before; 0: none */
  before: number
}

/* What was kept is read before the head is asked for: another window that sees more meanwhile does
 * not make this one's answer look cut. */
async function newestHead(origin: string, keys: readonly TrustedKey[], signal?: AbortSignal): Promise<SeenHead> {
  const before = kept(origin)?.head
  const said = await get<CheckpointSaid>('audit/checkpoint', {}, signal)
  const head = await headHolds(said.checkpoint, keys)
  if (head.origin !== origin) throw refusal('book', 'The newest head is of another log.')
  if (before) {
    const growth = before.size < head.size ? await get<unknown>('audit/consistency', { from: before.size, to: head.size }, signal) : undefined
    const seen = { size: before.size, root: hashFrom(before.root, 'The root this browser kept') }
    await headContinues(seen, head, growth === undefined ? undefined : growthFrom(JSON.stringify(growth)))
  }
  keepHead(origin, { size: head.size, root: base64Of(head.root), at: new Date().toISOString() })
  return { head, before: before?.size ?? 0 }
}

export function useHead() {
  const origin = useOrigin()
  return useQuery(
    computed(() => ({
      queryKey: ['audit', 'head', origin.value],
      queryFn: ({ signal }: { signal?: AbortSignal }) => underKeys(origin.value, (keys) => newestHead(origin.value, keys, signal)),
      enabled: origin.value !== '',
      staleTime: 60_000,
      refetchInterval: 120_000,
    })),
  )
}

/* What must be so for the receipt to be the one of what the screen says. */
export interface Expected {
  seq: number
  /* members of the event, word for word */
  about?: Record<string, string | undefined>
  /* its hash, as the screen shows it */
  hash?: string
}

function fits(e: Evidence, origin: string, want: Expected): void {
  if (e.head.origin !== origin) throw refusal('book', 'The receipt is of another log.')
  if (e.seq !== want.seq) throw refusal('event', `The receipt is that of event ${e.seq}, not of ${want.seq}.`)
  for (const [name, value] of Object.entries(want.about ?? {}))
    if (value !== undefined && e.event[name] !== value) throw refusal('event', `The event in the receipt is about something else than what is shown here (${name}).`)
  if (want.hash !== undefined && hexOf(e.hashSelf) !== want.hash) throw refusal('event', 'The event in the receipt is not the one that is shown here.')
}

/* A log that its holder wrote twice has good receipts in both: this one must be of the history that
 * this browser has verified before. False: the proof cannot be had now. */
async function isOfHistory(origin: string, head: Head): Promise<boolean> {
  const before = kept(origin)?.head
  const mine: SeenRoot = { size: head.size, root: head.root }
  const name = `${origin} ${head.size} ${base64Of(head.root)}`
  if (!before || ofHistory.has(name)) return before !== undefined
  const seen: SeenRoot = { size: before.size, root: hashFrom(before.root, 'The root this browser kept') }
  const [from, to] = seen.size <= mine.size ? [seen, mine] : [mine, seen]
  let growth: unknown
  try {
    if (from.size < to.size) growth = await get<unknown>('audit/consistency', { from: from.size, to: to.size })
  } catch (e) {
    if (e instanceof Missing || e instanceof Unreachable) return false
    throw e
  }
  try {
    await headContinues(from, { origin, ...to }, growth === undefined ? undefined : growthFrom(JSON.stringify(growth)))
  } catch {
    throw refusal('consistency', `The receipt is from another history than the log of ${seen.size} events that this browser has verified.`)
  }
  ofHistory.add(name)
  keepHead(origin, { size: mine.size, root: base64Of(mine.root), at: new Date().toISOString() })
  return true
}

export interface Judgement extends Evidence {
  /* held against the newest head that this browser has verified */
  ofHistory: boolean
}
export type Judged = Answer<Judgement> | { state: 'none'; words: string }

export async function judgeReceipt(origin: string, want: Expected, given?: unknown): Promise<Judged> {
  let text: string
  try {
    text = JSON.stringify(given ?? (await get<unknown>(`audit/${want.seq}/receipt`)))
  } catch (e) {
    if (e instanceof Missing) return { state: 'none', words: 'No signed head of the log covers this event, or it is not for you to see.' }
    throw e
  }
  return underKeys(origin, async (keys) => {
    const evidence = await receiptHolds(receiptFrom(text), keys)
    fits(evidence, origin, want)
    return { ...evidence, ofHistory: await isOfHistory(origin, evidence.head) }
  })
}

/* The receipt of one event: the one that came with the answer, else asked for. */
export function useReceipt(want: MaybeRefOrGetter<Expected>, given: MaybeRefOrGetter<unknown> = undefined) {
  const origin = useOrigin()
  return useQuery(
    computed(() => {
      const w = toValue(want)
      const g = toValue(given)
      return {
        queryKey: ['receipt', origin.value, w, g ?? null],
        queryFn: () => judgeReceipt(origin.value, w, g),
        enabled: origin.value !== '' && Number.isSafeInteger(w.seq),
        staleTime: Infinity, // what was signed does not change
      }
    }),
  )
}
