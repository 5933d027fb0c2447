import { VueQueryPlugin } from '@tanstack/vue-query'
import { flushPromises, mount } from '@vue/test-utils'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { nextTick } from 'vue'
import { queryClient } from '@/api/query'
import type { BoundLeg, Escalation, EscalationDetail, Session } from '@/api/types'
import BulkBar from '@/screens/inbox/BulkBar.vue'
import DecisionBar from '@/screens/inbox/DecisionBar.vue'
import ListItem from '@/screens/inbox/ListItem.vue'
import WhatWillHappen from '@/screens/inbox/WhatWillHappen.vue'
import { together } from '@/screens/inbox/bulk'
import { again, attempts, begin, last } from '@/screens/inbox/decisions'
import { counterpartyOf, factsOf, signedAmount, touches } from '@/screens/inbox/facts'
import { begin as look, reviewOf, saw } from '@/screens/inbox/review'

type Sent = { url: string; body: Record<string, unknown> }
const sent: Sent[] = []
let answers: (() => Promise<Response>)[] = []

const says = (status: number, body: unknown) => () => Promise.resolve(new Response(JSON.stringify(body), { status }))
const silence = () => Promise.reject(new TypeError('failed to fetch'))
const recorded = says(200, { status: 'ok', seq: 98, state: 'APPROVED' })

beforeEach(() => {
  sent.length = 0
  answers = []
  attempts.clear()
  last.attempt = null
  vi.stubGlobal('fetch', (url: string, init: RequestInit) => {
    sent.push({ url, body: JSON.parse(String(init.body)) as Record<string, unknown> })
    return answers.shift()!()
  })
})
afterEach(() => vi.unstubAllGlobals())

const keys = () => sent.map((s) => s.body.idempotency_key)

let n = 0
function leg(side: 'bank' | 'gl', amount: string, more: Partial<BoundLeg> = {}): BoundLeg {
  return { entry_id: `ent_${side}`, version: 1, side, amount, currency: 'EUR', date: '2026-03-03', ...more }
}
/* A match above materiality: one bank line against two of the books. */
function waiting(more: Partial<EscalationDetail> = {}): EscalationDetail {
  const clause = 'Above materiality a person confirms.'
  const pointer = '/clauses/MATERIALITY_OVER_THRESHOLD'
  const facts = {
    account_id: '1010',
    difference: '0.00',
    match_type: 'one_to_many',
    legs: [leg('bank', '-87432.10', { counterparty: 'ACME GmbH' }), leg('gl', '87000.00', { memo: 'invoice' }), leg('gl', '432.10')],
  }
  return {
    escalation_id: `esc_${++n}`, code: '7QK4-M2XD', state: 'PENDING', tool: 'confirm_match', tier: 'T2', entity_id: 'acme-de',
    object_type: 'match', object_id: 'mat_1', amount: '87432.10', currency: 'EUR', reason: 'MATERIALITY_OVER_THRESHOLD', clause, pointer,
    requester: 'llm:s-1', created_at: '2026-03-04T09:00:00.123456Z', expires_at: '2026-03-11T09:00:00Z', digest: 'd1',
    bound: {
      tool: 'confirm_match', requester: 'llm:s-1', arguments: {}, accounts: ['1010', null], entities: ['acme-de'], amount: '87432.10', currency: 'EUR',
      clause, pointer, reason: 'MATERIALITY_OVER_THRESHOLD', policy_version: 'p1', expires_at: '2026-03-11T09:00:00Z',
      object: { id: 'mat_1', type: 'match', version: 3 }, facts,
    },
    entities: [{ entity_id: 'acme-de', name: 'Acme Software GmbH' }],
    accounts: [{ account_id: '1010', name: 'Operating account' }],
    may: { confirm: { may: true }, reject: { may: true } },
    ...more,
  }
}

describe('a decision', () => {
  it('is sent with what was looked at, and counts when the engine has answered', async () => {
    const e = waiting()
    look(e.escalation_id)
    saw(e.escalation_id, 'history')
    answers = [recorded]
    const going = begin(e, 'confirm', '  Agrees. ', '87,432.10 EUR')
    expect(attempts.get(e.escalation_id)!.phase).toBe('recording')
    expect(last.attempt).toBeNull()
    await going
    expect(attempts.get(e.escalation_id)!.phase).toBe('recorded')
    expect(last.attempt).toMatchObject({ id: e.escalation_id, matchId: 'mat_1' })
    expect(sent[0]!.url).toContain(`escalations/${e.escalation_id}/decision`)
    expect(sent[0]!.body).toMatchObject({ decision: 'confirm', digest: 'd1', rationale: 'Agrees.', review: { evidence_opened: ['history'] } })
  })
  it('keeps its key while there is no answer, whichever way it is pressed again', async () => {
    const e = waiting()
    answers = [silence, silence, silence, recorded]
    const a = await begin(e, 'confirm', 'x', '')
    expect(a.phase).toBe('unknown')
    await again(a)
    await begin(e, 'confirm', 'x', '')
    expect((await begin(e, 'confirm', ' x ', '')).phase).toBe('recorded')
    expect(new Set(keys()).size).toBe(1)
  })
  it('has another key once there was an answer', async () => {
    const e = waiting()
    answers = [says(422, { error: 'input', message: 'needed', pointer: '/rationale' }), recorded]
    expect((await begin(e, 'confirm', '', '')).phase).toBe('invalid')
    await begin(e, 'confirm', '', '')
    expect(keys()[1]).not.toBe(keys()[0])
  })
  it.each([
    ['the other way', 'reject', 'x', 'd1'],
    ['in other words', 'confirm', 'y', 'd1'],
    ['about other facts', 'confirm', 'x', 'd2'],
  ] as const)('has another key %s', async (_what, decision, words, digest) => {
    const e = waiting()
    answers = [silence, recorded]
    await begin(e, 'confirm', 'x', '')
    await begin({ ...e, digest }, decision, words, '')
    expect(keys()[1]).not.toBe(keys()[0])
  })
  it('is pressed once at a time', async () => {
    const e = waiting()
    answers = [recorded]
    const first = begin(e, 'confirm', '', '')
    await begin(e, 'reject', 'no', '')
    await first
    expect(sent.map((s) => s.body.decision)).toEqual(['confirm'])
  })
  it.each([
    [202, { status: 'pending_approval' }, 'waiting'],
    [401, { error: 'signed_out', message: '' }, 'expired'],
    [403, { status: 'denied', reason: 'SOD_SAME_ACTOR' }, 'denied'],
    [404, { error: 'missing', message: '' }, 'failed'],
    [409, { status: 'stale', difference: [] }, 'stale'],
    [409, { status: 'rejected', decided_by: 'human:cho' }, 'settled'],
    [500, { error: 'broken', message: '' }, 'failed'],
  ])('says what %i means', async (status, body, phase) => {
    answers = [says(status, body)]
    expect((await begin(waiting(), 'confirm', '', '')).phase).toBe(phase)
  })
})

/* ---- what is typed ---- */

const session = (over: object = {}) => ({ signed_in: true, person: { principal_id: 'prn_1' }, me: { tools: [], policy: {}, ...over } }) as unknown as Session
const global = { plugins: [[VueQueryPlugin, { queryClient }] as [typeof VueQueryPlugin, object]], stubs: { RouterLink: true } }

function press(box: ReturnType<typeof mount>, label: string): Promise<void> {
  const button = box.findAll('button').find((b) => b.text().startsWith(label))
  if (!button) throw new Error(`no button ${label}`)
  return button.trigger('click')
}

describe('the words of a decision', () => {
  beforeEach(() => queryClient.setQueryData(['session'], session()))

  it.each([
    ['silence', silence],
    ['a lost session', says(401, { error: 'signed_out', message: 'sign in' })],
    ['a refusal', says(403, { status: 'denied', reason: 'SOD_SAME_ACTOR', clause: 'Nobody confirms their own.' })],
    ['other facts', says(409, { status: 'stale', difference: [] })],
  ])('are kept over %s, and over a reload', async (_what, answer) => {
    const item = waiting()
    const bar = mount(DecisionBar, { props: { item, open: true }, global })
    await bar.find('textarea').setValue('Wrong counterparty.')
    answers = [answer]
    await press(bar, 'Reject')
    await flushPromises()
    expect(sent).toHaveLength(1)
    expect(bar.find('textarea').element.value).toBe('Wrong counterparty.')
    expect(sessionStorage.getItem(`closegate.draft.prn_1.${item.escalation_id}`)).toBe('Wrong counterparty.')
    expect(bar.emitted('decided')).toBeUndefined()
    bar.unmount()
  })
  it('are gone once they are recorded', async () => {
    const item = waiting()
    const bar = mount(DecisionBar, { props: { item, open: true }, global })
    await bar.find('textarea').setValue('Wrong counterparty.')
    answers = [says(200, { status: 'ok', seq: 99, state: 'REJECTED' })]
    await press(bar, 'Reject')
    await flushPromises()
    expect(bar.find('textarea').element.value).toBe('')
    expect(sessionStorage.getItem(`closegate.draft.prn_1.${item.escalation_id}`)).toBeNull()
    expect(bar.emitted('decided')).toHaveLength(1)
    bar.unmount()
  })
  it('are asked for before a rejection is sent', async () => {
    const bar = mount(DecisionBar, { props: { item: waiting(), open: true }, global })
    await press(bar, 'Reject')
    await press(bar, 'Reject')
    expect(sent).toHaveLength(0)
    expect(bar.text()).toContain('(needed here)')
    expect(bar.find('[role=alert]').text()).toBe('Say why in a few words first.')
    bar.unmount()
  })
})

/* ---- several ---- */

describe('several together', () => {
  const usd = (amount: string, more: Partial<EscalationDetail> = {}) => waiting({ amount, currency: 'USD', ...more })

  it('are those of the clause that most are under, and none of T3', () => {
    const other = usd('5.00', { clause: 'Another clause.' })
    const t3 = usd('7.00', { tier: 'T3' })
    const g = together([other, usd('-10.10'), t3, usd('8200.34')], undefined)
    expect(g.items.map((e) => e.amount)).toEqual(['-10.10', '8200.34'])
    expect(g.others).toBe(2)
    expect(g.totals).toEqual(['8,210.44 USD'])
    expect(g.problem).toBe('')
  })
  it('are not one clause when its place in the policy is another', () => {
    expect(together([usd('1.00'), usd('1.00', { pointer: '/clauses/OTHER' })], undefined).items).toHaveLength(1)
  })
  it('stay within number, sum and reasons of the policy', () => {
    const two = [usd('600.00'), usd('400.01')]
    const cap = { amount: '1000', currency: 'USD' }
    expect(together(two, { max_items: 1 }).problem).toBe('The policy lets 1 be decided together.')
    expect(together(two, { max_items: 2, max_amount: cap }).problem).toBe('Together above the policy’s 1,000 USD.')
    expect(together([usd('600.00'), usd('400.00')], { max_items: 2, max_amount: cap }).problem).toBe('')
    expect(together(two, { max_items: 2, reasons: ['AMBIGUOUS_MATCH'] }).problem).toBe('The policy wants these decided one by one.')
  })
  it('are none when all are of T3', () => {
    expect(together([usd('1.00', { tier: 'T3' })], undefined).problem).toBe('None of these may be decided together.')
  })
  it('are one act: after silence the same is sent, after an answer another one', async () => {
    queryClient.setQueryData(['session'], session())
    const selected = [usd('1.00'), usd('2.00')]
    const bar = mount(BulkBar, { props: { selected }, global })
    await bar.find('textarea').setValue('Agree.')
    answers = [silence, says(403, { status: 'denied', reason: 'BULK_LIMIT', clause: 'At most ten.', pointer: '/bulk/max_items' }), silence]
    await press(bar, 'Confirm 2')
    await flushPromises()
    expect(bar.text()).toContain('It may have happened')
    await press(bar, 'Ask again')
    await flushPromises()
    expect(bar.text()).toContain('At most ten.')
    expect(bar.find('textarea').element.value).toBe('Agree.')
    await press(bar, 'Confirm 2')
    await flushPromises()
    expect(sent[1]!.body).toEqual(sent[0]!.body)
    expect(sent[0]!.body.items).toEqual(selected.map((e) => ({ escalation_id: e.escalation_id, digest: 'd1' })))
    expect(keys()[2]).not.toBe(keys()[0])
    bar.unmount()
  })
})

/* ---- what was looked at ---- */

describe('a review', () => {
  it('begins when it is opened and collects what was opened, each once', () => {
    vi.useFakeTimers({ now: Date.parse('2026-03-05T10:00:00Z') })
    look('esc_r')
    vi.setSystemTime(Date.parse('2026-03-05T10:04:00Z'))
    saw('esc_r', 'entry:ent_1')
    saw('esc_r', 'history')
    saw('esc_r', 'entry:ent_1')
    look('esc_r')
    expect(reviewOf('esc_r', '2026-03-04T09:00:00Z')).toEqual({ opened_at: '2026-03-05T10:00:00.000Z', evidence_opened: ['entry:ent_1', 'history'] })
    vi.useRealTimers()
  })
  it('is of one escalation only', () => {
    saw('esc_s', 'history')
    expect(reviewOf('esc_t', '2026-03-04T09:00:00Z').evidence_opened).toEqual([])
  })
  it('is never from before the escalation', () => {
    vi.useFakeTimers({ now: Date.parse('2026-03-04T09:00:00.100Z') })
    look('esc_u')
    expect(Date.parse(reviewOf('esc_u', '2026-03-04T09:00:00.123456Z').opened_at)).toBeGreaterThan(Date.parse('2026-03-04T09:00:00.123Z'))
    vi.useRealTimers()
  })
})

/* ---- what will happen ---- */

function told(e: EscalationDetail): string {
  const box = mount(WhatWillHappen, { props: { item: e } })
  const text = `${box.find('h1').text()} | ${box.find('.sentence').text()}`
  box.unmount()
  return text.replace(/\s+/g, ' ')
}

describe('what will happen', () => {
  it('names act, amount with its sign, bank, books, account and entity', () => {
    expect(told(waiting())).toBe(
      'Confirm match −87,432.10 EUR | 1 bank entry of 3 Mar, ACME GmbH ↔ 2 GL entries, account 1010 Operating account, Acme Software GmbH',
    )
  })
  it('says what would be left over', () => {
    const e = waiting()
    e.bound.facts!.difference = '-0.40'
    expect(told(e)).toContain('leaving a difference of −0.40 EUR')
  })
  it('names the object of what is no match', () => {
    expect(told(waiting({ tool: 'set_delegation', object_type: 'principal', object_id: 'prn_2', amount: null }))).toBe('Lend a seat | for prn_2, Acme Software GmbH')
  })
  it('shows what could turn a name around as a mark', async () => {
    const e = waiting()
    e.bound.facts!.legs![0]!.counterparty = 'ACME\u202ehbmG'
    await nextTick()
    expect(told(e)).toContain('ACMERLOhbmG')
  })
})

describe('facts', () => {
  it('are what the digest covers, each with its place', () => {
    expect(factsOf(waiting()).map((f) => [f.pointer, f.value])).toEqual([
      ['/amount', '87432.10'],
      ['/facts/difference', '0.00'],
      ['/entities', 'acme-de'],
      ['/accounts', '1010'],
      ['/facts/match_type', 'one_to_many'],
      ['/object', 'mat_1 · version 3'],
      ['/expires_at', '2026-03-11T09:00:00Z'],
    ])
  })
  it('have the arguments of what is no match, as text from outside', () => {
    const e = waiting({ object_type: 'principal' })
    e.bound.arguments = { role: 'controller', limits: { max: 5 } }
    expect(factsOf(e).filter((f) => f.kind === 'untrusted').map((f) => f.value)).toEqual(['controller', '{"max":5}'])
  })
  it('are touched by a difference at, in or around them, and by no namesake', () => {
    const d = (pointer: string) => ({ pointer, was: 1, now: 2 })
    expect(touches('/object', d('/object/version'))).toBe(true)
    expect(touches('/facts/difference', d('/facts'))).toBe(true)
    expect(touches('/amount', d('/amounts'))).toBe(false)
  })
  it('have the sign of the one bank line, and no sign of several', () => {
    const e = waiting()
    expect(signedAmount(e)).toBe('-87432.10')
    e.bound.facts!.legs!.push(leg('bank', '-1.00'))
    expect(signedAmount(e)).toBe('87432.10')
  })
  it('name the counterparty, else what the line says', () => {
    const e = waiting()
    expect(counterpartyOf(e)).toBe('ACME GmbH')
    e.bound.facts!.legs![0]!.counterparty = null
    expect(counterpartyOf(e)).toBe('invoice')
  })
})

describe('a line of the list', () => {
  const line = (more: Partial<Escalation>) => {
    const { escalation_id, code, state, tool, entity_id, amount, currency, reason, clause, pointer, created_at, digest } = waiting()
    const item = { escalation_id, code, state, tool, entity_id, amount, currency, reason, clause, pointer, created_at, digest, ...more }
    return mount(ListItem, { props: { item, open: false, chosen: false, choosable: true } }).find('.line').text()
  }
  it('names the counterparty, else what the line says, else what would be done', () => {
    expect(line({ counterparty: 'ACME GmbH', memo: 'invoice' })).toContain('ACME GmbH')
    expect(line({ memo: 'invoice' })).toContain('invoice')
    expect(line({})).toContain('Confirm match')
    expect(line({ counterparty: 'ACME\u202ehbmG' })).toContain('ACMERLOhbmG')
  })
  it('has the sign of the bank, and none when several entries of the bank are bound', () => {
    expect(line({ bank_amount: '-87432.10' })).toContain('−87,432.10 EUR')
    expect(line({})).toContain('87,432.10 EUR')
    expect(line({})).not.toContain('−')
  })
})
