/* The views of the screen, and what their addresses say. */
import type { Position, SideSums } from '@/api/books'
import { addAmounts } from '@/lib/money'

export type View = 'accounts' | 'statement' | 'matches' | 'runs' | 'rules'

export const views: readonly { name: View; label: string; keys: string }[] = [
  { name: 'accounts', label: 'Accounts', keys: '1' },
  { name: 'statement', label: 'Statement', keys: '2' },
  { name: 'matches', label: 'Matches', keys: '3' },
  { name: 'runs', label: 'Passes', keys: '4' },
  { name: 'rules', label: 'Learned rules', keys: '5' },
]

/* Both sides of one account in one currency. */
export interface AccountRow {
  account: string
  currency: string
  bank?: SideSums
  books?: SideSums
}

export function pairSides(entries: readonly SideSums[]): AccountRow[] {
  const rows = new Map<string, AccountRow>()
  for (const e of entries) {
    const key = `${e.account_id} ${e.currency}`
    const row = rows.get(key) ?? { account: e.account_id, currency: e.currency }
    row[e.side === 'bank' ? 'bank' : 'books'] = e
    rows.set(key, row)
  }
  return [...rows.values()]
}

const parts = ['confirmed', 'proposed', 'exception', 'unmatched'] as const

/* How many of an account's lines are matched for good, in whole percent, down: 100 only when all are. */
export function matchedShare(row: AccountRow): number | null {
  let all = 0
  let matched = 0
  for (const side of [row.bank, row.books])
    for (const p of parts) {
      all += side?.[p].count ?? 0
      if (p === 'confirmed') matched += side?.[p].count ?? 0
    }
  return all === 0 ? null : Math.floor((matched * 100) / all)
}

/* The day of the statement that is drawn when none is asked for: the period's last, or the day of
 * the bank's last balance, or today. */
export function statementDay(period: string, position: Position | undefined, today: string): string {
  if (period) {
    const [y, m] = period.split('-').map(Number) as [number, number]
    return new Date(Date.UTC(y, m, 0)).toISOString().slice(0, 10)
  }
  return position?.bank.from_date ?? today
}

export function totalOf(list: readonly { effect: string }[]): string {
  return addAmounts(list.map((s) => s.effect))
}
