/* What can be wrong with a line, how it can end, and which of them are looked at. */
import type { Exception } from '@/api/books'

interface ClassWords {
  words: string
  means: string
}

const classes: Record<string, ClassWords> = {
  TIMING: { words: 'Timing', means: 'In transit: the other side is expected to show it.' },
  MISSING_GL: { words: 'Not in the books', means: 'The bank moved this money; the books do not show it.' },
  MISSING_BANK: { words: 'Not at the bank', means: 'The books show this money; the bank has not moved it in time.' },
  AMOUNT_BREAK: { words: 'Amounts differ', means: 'The other side is there, with another amount.' },
  FEE: { words: 'Fee', means: 'Looks like a bank’s or a processor’s fee that is not booked.' },
  FX_DIFFERENCE: { words: 'Exchange difference', means: 'Both sides are there; they differ by the exchange rate.' },
  DUPLICATE: { words: 'Duplicate', means: 'Looks like the same thing a second time.' },
  REVERSAL: { words: 'Reversal', means: 'Takes back another line of its own side.' },
  WRONG_ENTITY: { words: 'Wrong entity', means: 'The other side is in the books of another entity.' },
  PRIOR_PERIOD: { words: 'Earlier period', means: 'The other side is in a period that is closed.' },
  UNIDENTIFIED_RECEIPT: { words: 'Unidentified receipt', means: 'Money came in and nothing says from whom or for what.' },
  NSF_RETURN: { words: 'Returned payment', means: 'A payment that the bank returned.' },
  AMBIGUOUS: { words: 'Several candidates', means: 'More than one line could be the other side.' },
  ZERO_AMOUNT: { words: 'Zero amount', means: 'A line of nothing: it moves no money.' },
  REJECTED_BEFORE: { words: 'Rejected before', means: 'A person rejected the match that would be proposed.' },
  STATEMENT_BREAK: { words: 'Statement does not add up', means: 'Opening balance, lines and closing balance disagree.' },
  DATA_COMPLETENESS: { words: 'Data incomplete', means: 'Lines or files seem to be missing.' },
}

export const classNames = Object.keys(classes)

export function classWords(name: string): string {
  return classes[name]?.words ?? name.replaceAll('_', ' ').toLowerCase()
}

export function classMeans(name: string): string {
  return classes[name]?.means ?? ''
}

export interface OutcomeWords {
  outcome: string
  words: string
  means: string
  /* what becomes of the line */
  then: 'open' | 'out'
}

export const outcomes: readonly OutcomeWords[] = [
  { outcome: 'timing_accepted', words: 'Accept as timing', means: 'In transit; the other side will show it.', then: 'open' },
  { outcome: 'corrected_at_source', words: 'Corrected at its source', means: 'The source was or will be corrected.', then: 'open' },
  { outcome: 'false_positive', words: 'Nothing is wrong', means: 'The line is as it should be.', then: 'open' },
  { outcome: 'matched_elsewhere', words: 'Settled elsewhere', means: 'It was settled outside this book.', then: 'out' },
  { outcome: 'duplicate_ignored', words: 'Duplicate, ignore it', means: 'The same thing twice; the other one counts.', then: 'out' },
  { outcome: 'write_off', words: 'Write off', means: 'The money is given up.', then: 'out' },
]

export function outcomeWords(name: string): string {
  return outcomes.find((o) => o.outcome === name)?.words ?? name.replaceAll('_', ' ')
}

/* ---- age ---- */

export const buckets: readonly { key: string; from: number; to: number }[] = [
  { key: '0-30', from: 0, to: 30 },
  { key: '31-60', from: 31, to: 60 },
  { key: '61-90', from: 61, to: 90 },
  { key: '91-120', from: 91, to: 120 },
  { key: '121+', from: 121, to: Infinity },
]

export function bucketOf(days: number): string {
  return buckets.find((b) => days <= b.to)!.key
}

/* ---- which of them ---- */

export interface Filter {
  entity: string
  account: string
  class: string
  state: string
  age: string
  /* "me", "nobody", or a principal or role */
  who: string
  q: string
}

export type Part = keyof Filter

function hasText(e: Exception, q: string): boolean {
  const text = [e.counterparty, e.memo, e.entry_id, e.amount, e.exception_id].join('\n').toLowerCase()
  return q
    .toLowerCase()
    .split(/\s+/)
    .every((w) => text.includes(w))
}

/* `except` leaves one part out: what a chip of that part would show. */
export function fits(e: Exception, f: Filter, me: string, except?: Part): boolean {
  const is: Record<Part, boolean> = {
    entity: !f.entity || e.entity_id === f.entity,
    account: !f.account || e.account_id === f.account,
    class: !f.class || e.class === f.class,
    state: !f.state || e.state === f.state,
    age: !f.age || bucketOf(e.age_days) === f.age,
    who: !f.who || (f.who === 'nobody' ? !e.assignee : e.assignee === (f.who === 'me' ? me : f.who)),
    q: !f.q.trim() || hasText(e, f.q.trim()),
  }
  return (Object.keys(is) as Part[]).every((p) => p === except || is[p])
}

export function countBy(list: readonly Exception[], of: (e: Exception) => string): Map<string, number> {
  const n = new Map<string, number>()
  for (const e of list) n.set(of(e), (n.get(of(e)) ?? 0) + 1)
  return n
}

