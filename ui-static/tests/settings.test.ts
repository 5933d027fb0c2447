import { describe, expect, it, vi } from 'vitest'
import { Denied, Unreachable } from '@/api/http'
import type { Me, Outcome } from '@/api/types'
import { noticeOf, pathOf } from '@/push/notice'
import { useAct } from '@/screens/settings/act'
import { grantWords, policyWords, rightsOf } from '@/screens/settings/rights'
import { borrowerOf, isProblem, loanAsked, loanState, today } from '@/screens/settings/seat'

const now = new Date(2026, 10, 21, 11, 0)

describe('a seat that is lent', () => {
  it('is lent from now to the end of the last day, where the reader is', () => {
    const a = loanAsked({ to: 'sam', from: '', until: '2026-11-28' }, now)
    expect(a).toEqual({ to: 'human:sam', until: new Date(2026, 10, 29).toISOString() })
  })
  it('begins now when it begins today, and later when later', () => {
    expect(loanAsked({ to: 'sam', from: today(now), until: '2026-11-28' }, now)).not.toHaveProperty('from')
    const a = loanAsked({ to: 'sam', from: '2026-11-23', until: '2026-11-28' }, now)
    expect(a).toHaveProperty('from', new Date(2026, 10, 23).toISOString())
  })
  it('may end today, not yesterday, and not before it begins', () => {
    expect(isProblem(loanAsked({ to: 'sam', from: '', until: '2026-11-21' }, now))).toBe(false)
    expect(loanAsked({ to: 'sam', from: '', until: '2026-11-20' }, now)).toMatchObject({ field: 'until' })
    expect(loanAsked({ to: 'sam', from: '2026-11-25', until: '2026-11-24' }, now)).toMatchObject({ field: 'until' })
  })
  it('needs somebody and an end', () => {
    expect(loanAsked({ to: ' ', from: '', until: '2026-11-28' }, now)).toMatchObject({ field: 'to' })
    expect(loanAsked({ to: 'sam', from: '', until: '' }, now)).toMatchObject({ field: 'until' })
    expect(loanAsked({ to: 'sam', from: '', until: 'soon' }, now)).toMatchObject({ field: 'until' })
  })
  it('goes to a person by name, or by id as it is', () => {
    expect(borrowerOf(' sam ')).toBe('human:sam')
    expect(borrowerOf('human:sam')).toBe('human:sam')
    expect(borrowerOf('prn_01')).toBe('prn_01')
  })
  it('is later, now, or over', () => {
    const loan = { principal_id: 'p', name: 'P', from: '2026-11-21T10:00:00Z', until: '2026-11-22T00:00:00Z' }
    expect(loanState(loan, Date.parse('2026-11-21T09:00:00Z'))).toBe('later')
    expect(loanState(loan, Date.parse('2026-11-21T10:00:00Z'))).toBe('now')
    expect(loanState(loan, Date.parse('2026-11-22T00:00:00Z'))).toBe('over')
  })
})

const me = {
  may: {
    confirm: [
      { role: 'controller', entity: 'all', single_max: { amount: '250000', currency: 'USD' } },
      { role: 'accountant', entity: 'acme-uk', max: { amount: '50000', currency: 'USD' }, lent_by: 'prn_2' },
    ],
    something_new: [{ role: 'controller', entity: 'all' }],
  },
  entities: [{ entity_id: 'acme-uk', name: 'Acme UK' }],
  delegations: { lent: [], borrowed: [{ principal_id: 'prn_2', name: 'Sam', from: '', until: '' }] },
  policy: { version: 'v', materiality: { amount: '10000', currency: 'USD' }, sla_hours: 24, expiry_hours: 168, own_agent: 'deny', login_age_max_s: { T2: 28800 } },
} as unknown as Me

describe('what one may do', () => {
  it('is said with role, place, seat and limit', () => {
    expect(grantWords(me.may.confirm![0]!, me)).toContain('as controller in every entity; above 250')
    expect(grantWords(me.may.confirm![1]!, me)).toMatch(/^as accountant in Acme UK, on the seat of Sam, up to 50.000 USD$/)
  })
  it('leaves out nothing that the engine names, and says what is missing', () => {
    const r = rightsOf(me)
    expect(r.may.map((x) => x.acts)).toEqual([['Confirm what waits'], ['Something new']])
    expect(r.mayNot).toContain('Reject what waits')
  })
  it('stands together where the ground is the same', () => {
    const grant = [{ role: 'accountant', entity: 'all' }]
    const r = rightsOf({ ...me, may: { propose: grant, comment: grant, resolve: grant } })
    expect(r.may).toEqual([{ acts: ['Propose matches', 'Comment'], by: ['as accountant in every entity'] }])
  })
  it('has the rules of the policy in words', () => {
    const words = policyWords(me).join(' ')
    expect(words).toContain('somebody else decides')
    expect(words).toContain('24 h')
    expect(words).toContain('8 h old')
  })
})

describe('a push message', () => {
  it('is shown with its words and leads into the workspace', () => {
    const n = noticeOf(JSON.stringify({ title: 'Confirm match', body: 'Digest code 7QK4', url: 'https://close.example/escalations/esc_1?a=b', tag: 'esc_1' }))
    expect(n).toEqual({ title: 'Confirm match', body: 'Digest code 7QK4', tag: 'esc_1', path: '/escalations/esc_1?a=b' })
  })
  it('never leads anywhere else', () => {
    expect(pathOf('https://evil.example/inbox')).toBe('/inbox')
    expect(pathOf('https://x.example//evil.example/a')).toBe('/evil.example/a')
    expect(pathOf('javascript:alert(1)')).toBe('/inbox')
    expect(pathOf(7)).toBe('/inbox')
  })
  it('that is none of ours still says that something is there', () => {
    for (const t of ['', 'not json', '[]', 'null', '{"title":7}']) expect(noticeOf(t).title).toContain('waits for you')
    expect(noticeOf(JSON.stringify({ title: 'x'.repeat(5000) })).title).toHaveLength(200)
  })
})

describe('an act', () => {
  const ok = { status: 'ok', seq: 7 } as unknown as Outcome
  it('is recorded only when the engine said so', async () => {
    const { act, run } = useAct()
    let answer: (o: Outcome) => void = () => undefined
    const running = run(() => new Promise<Outcome>((r) => (answer = r)))
    expect(act.phase).toBe('recording')
    answer(ok)
    expect(await running).toBe(true)
    expect(act.phase).toBe('recorded')
    expect(act.outcome?.seq).toBe(7)
  })
  it('keeps its key while its outcome is not known, and takes a new one after a refusal', async () => {
    const { act, run, clear } = useAct()
    const keys: string[] = []
    const work = vi.fn(async (key: string): Promise<Outcome> => {
      keys.push(key)
      if (keys.length <= 2) throw new Unreachable(503, 'upstream', 'no answer')
      if (keys.length === 3) throw new Denied(403, 'denied', 'no', '/clauses/X', undefined, { clause: 'Not so.' })
      return ok
    })
    await run(work)
    expect(act.phase).toBe('unknown')
    await run(work)
    await run(work)
    expect(act).toMatchObject({ phase: 'refused', clause: 'Not so.', pointer: '/clauses/X' })
    await run(work)
    expect(keys[1]).toBe(keys[0])
    expect(keys[2]).toBe(keys[0])
    expect(keys[3]).not.toBe(keys[0])
    clear()
    expect(act.phase).toBe('idle')
  })
  it('that waits for another person is not said to be done', async () => {
    const { act, run } = useAct()
    await run(async () => ({ status: 'pending_approval' }) as unknown as Outcome)
    expect(act.phase).toBe('waiting')
  })
})
