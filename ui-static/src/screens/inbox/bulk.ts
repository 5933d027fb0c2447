/* Which of the selected can be decided together: the policy wants one clause, none of T3, and limits
 * the number and the sum. The engine has the last word; this says beforehand what it will be. */
import type { Escalation, Me } from '@/api/types'
import { absolute, addAmounts, compareAmounts, formatAmount } from '@/lib/money'

export interface Together {
  items: Escalation[]
  /* selected, and not part of it */
  others: number
  /* "8,210.44 USD" for each currency */
  totals: string[]
  /* why the engine would refuse, in words; empty when it may well not */
  problem: string
}

function clauseOf(e: Escalation): string {
  return `${e.pointer}\n${e.clause}`
}

export function together(selected: readonly Escalation[], limits: Me['policy']['bulk'] | undefined): Together {
  const groups = new Map<string, Escalation[]>()
  for (const e of selected) if (e.tier !== 'T3') groups.set(clauseOf(e), [...(groups.get(clauseOf(e)) ?? []), e])
  const items = [...groups.values()].sort((a, b) => b.length - a.length)[0] ?? []
  const sums = new Map<string, string>()
  for (const e of items)
    if (e.amount && e.currency) sums.set(e.currency, addAmounts([sums.get(e.currency) ?? '0', absolute(e.amount)]))
  const totals = [...sums].map(([currency, sum]) => `${formatAmount(sum)} ${currency}`)
  return { items, others: selected.length - items.length, totals, problem: problemOf(items, sums, limits) }
}

function problemOf(items: readonly Escalation[], sums: Map<string, string>, limits: Me['policy']['bulk'] | undefined): string {
  if (items.length === 0) return 'None of these may be decided together.'
  if (!limits) return ''
  if (items.length > limits.max_items) return `The policy lets ${limits.max_items} be decided together.`
  if (limits.reasons?.length && !limits.reasons.includes(items[0]!.reason)) return 'The policy wants these decided one by one.'
  const cap = limits.max_amount
  const sum = cap && sums.get(cap.currency)
  // other currencies are valued by the engine
  if (cap && sum && compareAmounts(sum, cap.amount) > 0)
    return `Together above the policy’s ${formatAmount(cap.amount)} ${cap.currency}.`
  return ''
}
