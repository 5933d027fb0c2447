/* Decisions under way and how they ended, one for each escalation of this visit. Nothing counts as
 * done before the engine has answered; what is not known is asked again with the same key. */
import { reactive } from 'vue'
import { decide, type DecisionBody } from '@/api/escalations'
import { BadInput, Conflict, Denied, Missing, SignedOut, Unreachable } from '@/api/http'
import { changed } from '@/api/query'
import type { DecisionName, Escalation, Outcome } from '@/api/types'
import { onOtherPerson } from '@/api/session'
import { newKey } from '@/lib/random'
import { reviewOf } from './review'

export type Phase =
  | 'recording'
  | 'recorded'
  /* it counts, and another person is needed */
  | 'waiting'
  | 'denied'
  | 'stale'
  | 'settled'
  | 'invalid'
  /* silence: it may have happened */
  | 'unknown'
  /* the session was gone: it did not happen */
  | 'expired'
  | 'failed'

export interface Attempt {
  id: string
  code: string
  what: string
  body: DecisionBody
  phase: Phase
  outcome?: Outcome
  message?: string
  pointer?: string
  matchId?: string
}

export const attempts = reactive(new Map<string, Attempt>())
/* The last that was recorded, for the line above the next item. */
export const last = reactive<{ attempt: Attempt | null }>({ attempt: null })

// what one person tried is not the next one's to send again
onOtherPerson(() => {
  attempts.clear()
  last.attempt = null
})

const refusals: readonly [new (...a: never[]) => Error, Phase][] = [
  [SignedOut, 'expired'],
  [Unreachable, 'unknown'],
  [Denied, 'denied'],
  [BadInput, 'invalid'],
  [Missing, 'failed'],
]

/* An escalation that ended otherwise answers with how it ended. */
function conflictPhase(status: string | undefined): Phase {
  if (status === 'stale') return 'stale'
  return status && /^(approved|rejected|withdrawn|expired|settled)$/.test(status) ? 'settled' : 'failed'
}

function failed(a: Attempt, e: unknown): void {
  const error = e as Error & { body?: Outcome; pointer?: string; kind?: string }
  a.outcome = error.body
  a.message = error.message
  a.pointer = error.pointer
  a.phase = refusals.find(([Kind]) => e instanceof Kind)?.[1] ?? 'failed'
  if (e instanceof Conflict) a.phase = conflictPhase(error.body?.status)
  if (e instanceof Denied && error.kind === 'csrf') {
    a.phase = 'failed'
    a.message = 'This page was out of date and is up to date now. Nothing was decided; press again.'
    changed(['engine'])
  }
}

async function send(a: Attempt): Promise<Attempt> {
  a.phase = 'recording'
  try {
    a.outcome = await decide(a.id, a.body)
    a.phase = a.outcome.status === 'pending_approval' ? 'waiting' : 'recorded'
    a.matchId ??= a.outcome.match_id
    last.attempt = a
  } catch (e) {
    failed(a, e)
  }
  const silent: Phase[] = ['unknown', 'expired']
  if (!silent.includes(a.phase)) changed(['escalations', 'status', 'matches'])
  return a
}

/* Not known to have happened, and nothing of it is different now. */
function isSame(a: Attempt | undefined, body: DecisionBody): a is Attempt {
  if (a?.phase !== 'unknown' && a?.phase !== 'expired') return false
  return a.body.decision === body.decision && a.body.digest === body.digest && a.body.rationale === body.rationale
}

/* One attempt a press; whoever presses while it is under way joins it, and whoever presses again
 * without having had an answer asks for the same act. */
export async function begin(e: Escalation, decision: DecisionName, rationale: string, what: string): Promise<Attempt> {
  const before = attempts.get(e.escalation_id)
  if (before?.phase === 'recording') return before
  const body: DecisionBody = {
    decision,
    digest: e.digest,
    review: reviewOf(e.escalation_id, e.created_at),
    idempotency_key: newKey(),
  }
  if (rationale.trim()) body.rationale = rationale.trim()
  if (isSame(before, body)) return send(before)
  attempts.set(e.escalation_id, {
    id: e.escalation_id,
    code: e.code,
    what,
    body,
    phase: 'recording',
    matchId: e.object_type === 'match' ? (e.object_id ?? undefined) : undefined,
  })
  return send(attempts.get(e.escalation_id)!)
}

/* The same once more: same key, same words. */
export function again(a: Attempt): Promise<Attempt> {
  return send(a)
}

export function forget(id: string): void {
  attempts.delete(id)
}

/* What was decided, in the past tense. */
export const done: Record<DecisionName, string> = {
  confirm: 'Confirmed',
  reject: 'Rejected',
  withdraw: 'Withdrawn',
  request_info: 'Asked back',
  answer: 'Answered',
}
