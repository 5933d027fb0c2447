/* One act of a person: pressed once, recorded once. The key of what was pressed is kept while its
 * outcome is not known, so that pressing again is the same act and not a second one. */
import { reactive } from 'vue'
import { ApiError, BadInput, Conflict, Denied, Missing, SignedOut, tool, Unreachable } from '@/api/http'
import { changed } from '@/api/query'
import type { Difference, Outcome } from '@/api/types'
import { newKey } from './random'

export type AnswerKind = 'recorded' | 'waits' | 'denied' | 'conflict' | 'input' | 'missing' | 'signed_out' | 'unknown' | 'failed'

export interface Answer {
  kind: AnswerKind
  message: string
  seq?: number
  /* of that event, as it came */
  receipt?: unknown
  escalation?: string
  code?: string
  reason?: string
  clause?: string
  pointer?: string
  difference?: Difference[]
  decidedBy?: string
  requestId?: string
}

/* What the engine answered, with 200 or 202. */
export function answerOf(o: Outcome): Answer {
  const message = typeof o.message === 'string' ? o.message : ''
  const facts = { seq: o.seq, receipt: o.receipt, escalation: o.escalation_id, code: o.code, reason: o.reason, clause: o.clause, pointer: o.pointer }
  if (o.status === 'pending_approval') return { kind: 'waits', message, ...facts }
  if (o.status === 'ok' || o.status === 'approved') return { kind: 'recorded', message, ...facts }
  return { kind: o.status === 'denied' ? 'denied' : 'conflict', message: message || o.status, ...facts, decidedBy: o.decided_by }
}

const kinds: readonly [new (...a: never[]) => ApiError, AnswerKind][] = [
  [SignedOut, 'signed_out'],
  [Denied, 'denied'],
  [Conflict, 'conflict'],
  [Missing, 'missing'],
  [BadInput, 'input'],
  [Unreachable, 'unknown'],
]

export function answerOfError(e: unknown): Answer {
  if (!(e instanceof ApiError)) return { kind: 'failed', message: 'Something in this page went wrong.' }
  const body = (e.body ?? {}) as Partial<Outcome>
  if (e.kind === 'csrf') {
    changed(['engine'])
    return { kind: 'failed', message: 'This page was out of date and is up to date now. Press again.' }
  }
  return {
    kind: kinds.find(([Kind]) => e instanceof Kind)?.[1] ?? 'failed',
    message: e.message,
    seq: body.seq,
    escalation: body.escalation_id,
    code: body.code,
    reason: body.reason,
    clause: body.clause,
    pointer: e.pointer,
    difference: body.difference,
    decidedBy: body.decided_by,
    requestId: e.requestId,
  }
}

/* May be tried again as it is: nothing says that it happened. */
export function mayRepeat(a: Answer | null): boolean {
  return a?.kind === 'unknown' || a?.kind === 'signed_out'
}

export interface Act {
  busy: boolean
  /* what is or was done, in words: "Assign to me" */
  what: string
  answer: Answer | null
  run: (what: string, name: string, args: Record<string, unknown>, topics?: readonly string[]) => Promise<Outcome | null>
  clear: () => void
}

/* Several buttons of one place share one: what was answered last stands there. */
export function useAct(): Act {
  let key = ''
  let asked = ''

  async function run(what: string, name: string, args: Record<string, unknown>, topics: readonly string[] = []): Promise<Outcome | null> {
    if (act.busy) return null
    const same = `${name} ${JSON.stringify(args)}`
    if (!mayRepeat(act.answer) || same !== asked) key = newKey()
    asked = same
    Object.assign(act, { busy: true, what, answer: null })
    try {
      const outcome = await tool<Outcome>(name, { ...args, idempotency_key: key })
      act.answer = answerOf(outcome)
      changed(['audit', ...topics])
      return outcome
    } catch (e) {
      act.answer = answerOfError(e)
      if (act.answer.kind === 'conflict') changed(topics)
      return null
    } finally {
      act.busy = false
    }
  }
  const act: Act = reactive({ busy: false, what: '', answer: null, run, clear: () => (act.answer = null) })
  return act
}
