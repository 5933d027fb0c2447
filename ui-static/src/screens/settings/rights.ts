/* What recon://me allows, in words. */
import type { Grant, Me } from '@/api/types'
import { span } from '@/lib/instant'
import { formatAmount } from '@/lib/money'
import { spaced } from '@/lib/words'

/* In the order of a working day. */
const acts: readonly (readonly [name: string, words: string])[] = [
  ['confirm', 'Confirm what waits'],
  ['reject', 'Reject what waits'],
  ['propose', 'Propose matches'],
  ['unmatch', 'Take confirmed matches back'],
  ['escalate', 'Put a match before a person'],
  ['withdraw', 'Withdraw what you asked for'],
  ['assign', 'Hand work to somebody else'],
  ['flag', 'Flag exceptions'],
  ['resolve_exception', 'Resolve exceptions'],
  ['comment', 'Comment'],
  ['attach', 'Attach evidence'],
  ['ingest', 'Load bank and ledger files'],
  ['set_delegation', 'Lend your seat'],
  ['freeze', 'Freeze'],
  ['thaw', 'Lift a freeze'],
  ['change_master_data', 'Change master data'],
  ['change_policy', 'Propose a policy'],
  ['change_registry', 'Change people, roles and programs'],
]
/* Said by the others already. */
const silent = ['resolve']

export interface Right {
  /* what one may do */
  acts: string[]
  /* on the ground of which roles, how far */
  by: string[]
}

/* What holds on the same ground stands together. */
export function rightsOf(me: Me): { may: Right[]; mayNot: string[] } {
  const known = new Set([...acts.map(([name]) => name), ...silent])
  const others = Object.keys(me.may).filter((name) => !known.has(name))
  const may = new Map<string, Right>()
  for (const [name, words] of [...acts, ...others.map((name) => [name, spaced(name)] as const)]) {
    const by = (me.may[name] ?? []).map((g) => grantWords(g, me))
    if (!by.length) continue
    const right = may.get(by.join('\n')) ?? { acts: [], by }
    right.acts.push(words)
    may.set(by.join('\n'), right)
  }
  return { may: [...may.values()], mayNot: acts.filter(([name]) => !me.may[name]?.length).map(([, words]) => words) }
}

/* "as controller in every entity, up to 50,000 USD; above 250,000 USD a second person completes it" */
export function grantWords(g: Grant, me: Me): string {
  const where = g.entity === 'all' ? 'in every entity' : `in ${me.entities.find((e) => e.entity_id === g.entity)?.name ?? g.entity}`
  const lender = g.lent_by && (me.delegations.borrowed.find((l) => l.principal_id === g.lent_by)?.name ?? g.lent_by)
  const parts = [`as ${g.role.replaceAll('_', ' ')} ${where}`]
  if (lender) parts[0] += `, on the seat of ${lender}`
  if (g.max) parts[0] += `, up to ${formatAmount(g.max.amount)} ${g.max.currency}`
  if (g.single_max) parts.push(`above ${formatAmount(g.single_max.amount)} ${g.single_max.currency} a second person completes it`)
  return parts.join('; ')
}

const ownAgent: Record<string, string> = {
  deny: 'What your own agent asked for, somebody else decides.',
  below_materiality: 'What your own agent asked for, you may decide below materiality; above it, and on sensitive accounts, somebody else does.',
  allow: 'What your own agent asked for, you may decide, except on sensitive accounts and the gravest (T3).',
}

export function policyWords(me: Me): string[] {
  const p = me.policy
  const list: string[] = []
  if (p.materiality) list.push(`Above ${formatAmount(p.materiality.amount)} ${p.materiality.currency} a match is material and needs a person.`)
  if (ownAgent[p.own_agent]) list.push(ownAgent[p.own_agent]!)
  if (p.bulk) {
    const sum = p.bulk.max_amount ? ` and ${formatAmount(p.bulk.max_amount.amount)} ${p.bulk.max_amount.currency} in all` : ''
    list.push(`Up to ${p.bulk.max_items.toLocaleString()} of one clause${sum} can be decided together.`)
  }
  list.push(`A decision is promised within ${span(0, p.sla_hours * 3600000)}; what nobody answers ends after ${span(0, p.expiry_hours * 3600000)}, and nothing is done.`)
  const ages = Object.entries(p.login_age_max_s ?? {}).filter(([tier]) => tier === 'T2' || tier === 'T3')
  for (const [tier, s] of ages) list.push(`For ${tier === 'T3' ? 'the gravest decisions (T3)' : 'decisions (T2)'} your sign-in may be at most ${span(0, s * 1000)} old.`)
  return list
}
