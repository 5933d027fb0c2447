import { describe, expect, it } from 'vitest'
import type { Policy } from '@/api/types'
import { linesOf, placeOf } from '@/screens/policy/policy'

const text = `# the policy
version: 1
materiality_threshold_usd: 10000
entity_materiality_overrides:
  acme-uk: "8000 GBP"
always_human_accounts:
  - class: cash
    clause: A person confirms transfers.
clauses:
  SOD_SAME_ACTOR: Nobody confirms their own.
`
const policy: Policy = {
  policy_version: 'x',
  text,
  clauses: [
    { pointer: '/always_human_accounts/0/clause', text: 'A person confirms transfers.', line: 8 },
    { pointer: '/clauses/SOD_SAME_ACTOR', text: 'Nobody confirms their own.', line: 10 },
  ],
}

describe('a pointer of a verdict', () => {
  it('is found at its clause', () => expect(placeOf(policy, '/clauses/SOD_SAME_ACTOR')).toBe(10))
  it('is found at the clause inside the rule it names', () => expect(placeOf(policy, '/always_human_accounts/0')).toBe(8))
  it('is found at its key when no clause stands there', () => {
    expect(placeOf(policy, '/entity_materiality_overrides/acme-uk')).toBe(5)
    expect(placeOf(policy, '/materiality_threshold_usd')).toBe(3)
  })
  it('that is not there has no place', () => {
    expect(placeOf(policy, '/clauses/GONE')).toBe(0)
    expect(placeOf(policy, '')).toBe(0)
    expect(placeOf(undefined, '/clauses/X')).toBe(0)
  })
  it('is a name, never a pattern', () => expect(placeOf(policy, '/.*')).toBe(0))
})

describe('the text', () => {
  it('is told line by line', () => {
    expect(linesOf(text).length).toBe(10)
    expect(linesOf(text)[0]).toEqual({ number: 1, text: '# the policy', comment: true })
  })
})
