/* What somebody looked at before deciding; it is recorded with the decision. */
import { serverNow } from '@/api/http'
import type { Review } from '@/api/types'

const opened = new Map<string, { at: number; seen: Set<string> }>()

function of(id: string) {
  let r = opened.get(id)
  if (!r) opened.set(id, (r = { at: serverNow(), seen: new Set() }))
  return r
}

export function begin(id: string): void {
  of(id)
}

/* An entry's details, the other candidates, the history: what was opened by hand. */
export function saw(id: string, what: string): void {
  of(id).seen.add(what)
}

/* The engine refuses a review from before the escalation; its seconds are finer than our clock's. */
export function reviewOf(id: string, createdAt: string): Review {
  const r = of(id)
  const at = Math.max(r.at, Date.parse(createdAt) + 1)
  return { opened_at: new Date(Math.min(at, Math.max(serverNow(), Date.parse(createdAt) + 1))).toISOString(), evidence_opened: [...r.seen] }
}
