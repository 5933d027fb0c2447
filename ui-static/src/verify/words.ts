/* What a check came to, in words that an auditor has; what the event says, by its own names. */
import type { Answer, Evidence, Fault } from '@/lib/evidence'

export interface Told {
  tone: 'good' | 'warn' | 'bad'
  verdict: string
  words: string
  facts: [name: string, value: string][]
  event?: string
}

const why: Record<Fault, string> = {
  format: 'What was given is not a whole receipt and key of the form closegate writes. It may be cut off, edited or damaged.',
  event: 'The receipt proves another event than it claims to.',
  book: 'The receipt is of another book than the key is for.',
  inclusion: 'The event, or where it stands, is not what was signed: the event, the proof or the number was changed.',
  consistency: 'Two states of the log contradict each other.',
  signature: 'The signature does not fit: the head of the log was changed after it was signed, or signed by somebody else in the key’s name.',
  key: 'The log’s head is not signed by the key you gave. Either the receipt is forged, or the log has another key now: then ask for its key chain.',
  retired: 'The key that signed was not in force for a log of this size.',
  chain: 'The key chain does not hold, so it extends trust to nothing.',
}

const named: [member: string, label: string][] = [
  ['event_type', 'What'],
  ['timestamp_utc', 'When (as recorded)'],
  ['actor_id', 'Who'],
  ['on_behalf_of', 'On behalf of'],
  ['tool', 'Act'],
  ['decision', 'Decision'],
  ['reason', 'Reason'],
  ['clause_text', 'Clause of the policy'],
  ['rationale', 'Reason given'],
  ['entity_id', 'Entity'],
  ['match_id', 'Match'],
  ['escalation_id', 'Escalation'],
  ['policy_version', 'Policy version'],
]

export function factsOf(event: Record<string, unknown>): [string, string][] {
  return named.flatMap(([member, label]) => (typeof event[member] === 'string' ? [[label, event[member] as string] as [string, string]] : []))
}

export function told(a: Answer<Evidence>): Told {
  if (a.state === 'refused') return { tone: 'bad', verdict: 'Not verified', words: `${a.words} ${why[a.what]}`, facts: [] }
  if (a.state === 'unknown') return { tone: 'warn', verdict: 'Cannot be told here', words: `${a.words} This is neither a yes nor a no.`, facts: [] }
  const e = a.found
  return {
    tone: 'good',
    verdict: 'Verified',
    words: `This is event ${e.seq} of the log ${e.head.origin}. Key ${e.head.key.id} signed that log when it had ${e.head.size} ${e.head.size === 1 ? 'event' : 'events'}, and this event is one of them, unchanged.`,
    facts: factsOf(e.event),
    event: e.receipt.event,
  }
}
