/* What an escalation would do, told from its bound facts. */
import type { BoundLeg, Difference, EscalationDetail } from '@/api/types'

export interface Fact {
  /* into the bound facts: what a difference points at */
  pointer: string
  label: string
  value: string
  kind?: 'money' | 'day' | 'instant' | 'id' | 'untrusted'
  currency?: string | null
}

export function legsOf(e: EscalationDetail): readonly BoundLeg[] {
  return e.bound.facts?.legs ?? []
}

export function counterpartyOf(e: EscalationDetail): string {
  const legs = legsOf(e)
  const named = legs.find((l) => l.counterparty)?.counterparty
  return named ?? legs.find((l) => l.memo)?.memo ?? ''
}

/* As the bank has it, with its sign, when there is one such entry; else what is bound. */
export function signedAmount(e: EscalationDetail): string {
  const { bank } = sides(e)
  return (bank.length === 1 ? bank[0]!.amount : e.amount) ?? ''
}

/* bank, and what stands against it. */
export function sides(e: EscalationDetail): { bank: BoundLeg[]; book: BoundLeg[] } {
  const legs = legsOf(e)
  return { bank: legs.filter((l) => l.side === 'bank'), book: legs.filter((l) => l.side !== 'bank') }
}

function put(list: Fact[], pointer: string, label: string, value: unknown, more: Partial<Fact> = {}): void {
  if (value === undefined || value === null || value === '') return
  list.push({ pointer, label, value: typeof value === 'string' ? value : JSON.stringify(value), ...more })
}

/* What the digest covers, legs aside: they are the evidence's. */
export function factsOf(e: EscalationDetail): Fact[] {
  const b = e.bound
  const f = b.facts
  const list: Fact[] = []
  put(list, '/amount', 'Amount', b.amount, { kind: 'money', currency: b.currency })
  put(list, '/facts/difference', 'Difference', f?.difference, { kind: 'money', currency: b.currency })
  put(list, '/entities', 'Entity', b.entities?.join(', '))
  put(list, '/accounts', 'Accounts', b.accounts?.filter((a) => typeof a === 'string').join(', '))
  put(list, '/facts/match_type', 'Kind', f?.match_type)
  if (e.object_type !== 'match')
    for (const [k, v] of Object.entries(b.arguments)) put(list, `/arguments/${k}`, k, v, { kind: 'untrusted' })
  put(list, '/object', 'Object', b.object ? `${b.object.id} · version ${b.object.version}` : '', { kind: 'id' })
  put(list, '/expires_at', 'Expires', b.expires_at, { kind: 'instant' })
  return list
}

/* Whether a difference is about this fact or something within it. */
export function touches(pointer: string, d: Difference): boolean {
  return d.pointer === pointer || d.pointer.startsWith(pointer + '/') || pointer.startsWith(d.pointer + '/')
}

export function textOf(value: unknown): string {
  if (value === undefined || value === null) return '–'
  return typeof value === 'string' ? value : JSON.stringify(value)
}
