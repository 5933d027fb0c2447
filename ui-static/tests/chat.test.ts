import { flushPromises, mount } from '@vue/test-utils'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { defineComponent, h } from 'vue'
import type { AnswerPart, ChatRow, ChatSession } from '@/api/chat'
import { readResult } from '@/screens/chat/results'
import { emptyTalk, finishedText, itemsOf, tookCall, tookRow, tookState, tookTalk, tookText } from '@/screens/chat/talk'
import { beginsHere, useTalk } from '@/screens/chat/useTalk'
import { budgetWords, callWords, costWords, scarce } from '@/screens/chat/words'

const at = '2026-03-31T09:00:00Z'
const said = (n: number, text = 'hello'): ChatRow => ({ kind: 'said', n, turn: 1, at, text })
const answered = (n: number, parts: AnswerPart[], stop = 'end'): ChatRow => ({ kind: 'answered', n, turn: 1, at, parts, stop })
const returned = (n: number, call_id: string, status = 'ok'): ChatRow => ({ kind: 'returned', n, turn: 1, at, call_id, tool: 'list_matches', status, is_error: false, result: { matches: [] } })
const text = (t: string): AnswerPart => ({ type: 'text', text: t })
const call = (call_id: string): AnswerPart => ({ type: 'call', call_id, tool: 'list_matches', arguments: {} })
const session = (more: Partial<ChatSession> = {}): ChatSession => ({
  session_id: 'ses_1', title: 'Close', state: 'ACTIVE', origin: 'chat', api: 'anthropic', model: 'm', turn_open: true, created_at: at, used_at: at,
  input_tokens: 1, output_tokens: 1, cost: '0.01', rows: 1, ...more,
})

describe('a conversation as it comes', () => {
  it('has every row once and in its order, however often and late it came', () => {
    const s = emptyTalk()
    tookRow(s, answered(4, [text('b')]))
    tookTalk(s, { session: session(), rows: [said(1), answered(4, [text('b')])] })
    tookRow(s, said(1))
    expect(s.rows.map((r) => r.n)).toEqual([1, 4])
  })
  it('shows the text as it comes, and the recorded row instead of it', () => {
    const s = emptyTalk()
    tookText(s, 'Thr')
    tookText(s, 'ee')
    expect(s.live).toBe('Three')
    tookRow(s, answered(2, [text('Three matches.')]))
    expect(s.live).toBe('')
    expect(itemsOf(s.rows)).toMatchObject([{ kind: 'answer', text: 'Three matches.' }])
  })
  it('begins the text anew after a connection was lost, and when the model is asked again', () => {
    const s = emptyTalk()
    tookText(s, 'Thr')
    tookText(s, 'Three ma', true)
    tookText(s, 'tches')
    expect(s.live).toBe('Three matches')
  })
  it('shows nothing of a step that is over', () => {
    const s = emptyTalk()
    tookState(s, { state: 'ACTIVE', turn_open: true, doing: 'thinking' })
    tookText(s, 'half')
    tookCall(s, 'list_matches')
    tookState(s, { state: 'FAILED', turn_open: false, doing: 'idle' })
    expect([s.live, s.tool, s.doing]).toEqual(['', '', 'idle'])
  })
  it('pairs a call with the answer behind it, even when a later turn uses the same id', () => {
    const rows = [answered(1, [text('look'), call('c1')], 'calls'), returned(2, 'c1'), answered(3, [call('c1')], 'calls'), returned(4, 'c1', 'denied')]
    const list = itemsOf(rows)
    expect(list.map((i) => i.kind)).toEqual(['answer', 'call', 'call'])
    expect(list.slice(1).map((i) => i.kind === 'call' && i.returned?.n)).toEqual([2, 4])
  })
  it('shows a call that has no answer yet, and an answer that has no call', () => {
    expect(itemsOf([answered(1, [call('a')], 'calls')])).toMatchObject([{ kind: 'call', open: true }])
    expect(itemsOf([returned(5, 'z')])).toMatchObject([{ kind: 'call', open: false, call: { tool: 'list_matches' } }])
  })
  it('says when an answer did not come to its end', () => {
    expect(itemsOf([answered(1, [text('half')], 'length')]).map((i) => i.kind)).toEqual(['answer', 'ended'])
  })
  it('reads out answers that end a turn, and nothing else', () => {
    expect(finishedText(answered(1, [text('done')]))).toBe('done')
    expect(finishedText(answered(1, [text('let me look'), call('a')], 'calls'))).toBe('')
    expect(finishedText(said(1))).toBe('')
  })
})

/* ---- the stream ---- */

class Stream extends EventTarget {
  static all: Stream[] = []
  static CLOSED = 2
  readyState = 0
  constructor(readonly url: string) {
    super()
    Stream.all.push(this)
  }
  close(): void {
    this.readyState = 2
  }
  open(): void {
    this.readyState = 1
    this.dispatchEvent(new Event('open'))
  }
  send(name: string, body: unknown): void {
    this.dispatchEvent(new MessageEvent(name, { data: typeof body === 'string' ? body : JSON.stringify(body) }))
  }
}

describe('the stream of a conversation', () => {
  let answers: { status: number; body: unknown }[] = []
  let frames: FrameRequestCallback[] = []

  beforeEach(() => {
    Stream.all = []
    answers = []
    frames = []
    vi.stubGlobal('EventSource', Stream)
    vi.stubGlobal('requestAnimationFrame', (f: FrameRequestCallback) => frames.push(f))
    vi.stubGlobal('cancelAnimationFrame', () => (frames = []))
    vi.stubGlobal('fetch', () => {
      const a = answers.shift()!
      return Promise.resolve(new Response(JSON.stringify(a.body), { status: a.status }))
    })
  })
  afterEach(() => {
    vi.useRealTimers()
    vi.unstubAllGlobals()
  })

  function opened() {
    let it!: ReturnType<typeof useTalk>
    const w = mount(defineComponent({ setup: () => ((it = useTalk('ses_1')), () => h('i')) }))
    return { ...it, w }
  }
  const tick = () => frames.splice(0).forEach((f) => f(0))

  it('puts what came while the rows were asked for on top of them', async () => {
    answers.push({ status: 200, body: { session: session(), rows: [said(1)] } })
    const { talk, w } = opened()
    const s = Stream.all[0]!
    s.open()
    s.send('state', { state: 'ACTIVE', turn_open: true, doing: 'thinking' })
    s.send('text', { delta: 'Three', from_start: true })
    expect(talk.rows).toEqual([])
    await flushPromises()
    tick()
    expect([talk.rows.length, talk.live, talk.doing]).toEqual([1, 'Three', 'thinking'])
    w.unmount()
  })
  it('draws text once a frame, and none of it behind its row', async () => {
    answers.push({ status: 200, body: { session: session(), rows: [said(1)] } })
    const { talk, finished, w } = opened()
    const s = Stream.all[0]!
    s.open()
    await flushPromises()
    for (const delta of 'abcdef') s.send('text', { delta })
    expect([frames.length, talk.live]).toEqual([1, ''])
    tick()
    expect(talk.live).toBe('abcdef')
    s.send('text', { delta: 'g' })
    s.send('row', answered(2, [text('abcdefg')]))
    tick()
    expect([talk.live, finished.value]).toEqual(['', 'abcdefg'])
    w.unmount()
  })
  it('comes back after a break without doubling anything', async () => {
    const rows = [said(1), answered(2, [text('one')])]
    answers.push({ status: 200, body: { session: session(), rows } }, { status: 200, body: { session: session(), rows: [...rows, said(3)] } })
    const { talk, cut, w } = opened()
    const s = Stream.all[0]!
    s.open()
    await flushPromises()
    s.send('text', { delta: 'half' })
    tick()
    s.readyState = 0
    s.dispatchEvent(new Event('error'))
    expect(cut.value).toBe(true)
    s.open()
    s.send('text', { delta: 'half and more', from_start: true })
    await flushPromises()
    tick()
    expect([talk.rows.map((r) => r.n), talk.live, cut.value]).toEqual([[1, 2, 3], 'half and more', false])
    w.unmount()
  })
  it('asks again by itself after a refusal, and not for what does not exist', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    answers.push({ status: 503, body: {} }, { status: 404, body: { error: 'missing' } })
    const { w } = opened()
    const refuse = async () => {
      const s = Stream.all.at(-1)!
      s.readyState = 2
      s.dispatchEvent(new Event('error'))
      await vi.waitFor(() => Promise.resolve())
      await flushPromises()
    }
    await refuse()
    await vi.advanceTimersByTimeAsync(1100)
    expect(Stream.all.length).toBe(2)
    await refuse()
    await vi.advanceTimersByTimeAsync(60_000)
    expect(Stream.all.length).toBe(2)
    w.unmount()
  })
  it('reads out an answer that came with the rows, and not one that stood there', async () => {
    const rows = [said(1), answered(2, [text('one')])]
    const more = [...rows, said(3), answered(4, [text('two')])]
    answers.push({ status: 200, body: { session: session(), rows } }, { status: 200, body: { session: session(), rows: more } })
    const { finished, load, w } = opened()
    Stream.all[0]!.open()
    await flushPromises()
    expect(finished.value).toBe('')
    await load()
    expect(finished.value).toBe('two')
    Stream.all[0]!.send('row', more[3])
    expect(finished.value).toBe('two')
    w.unmount()
    beginsHere('ses_1')
    answers.push({ status: 200, body: { session: session(), rows } }, { status: 200, body: { session: session(), rows: more } })
    const begun = opened()
    Stream.all[1]!.open()
    await flushPromises()
    expect(begun.finished.value).toBe('one')
    begun.w.unmount()
    const again = opened()
    Stream.all[2]!.open()
    await flushPromises()
    expect(again.finished.value).toBe('')
    again.w.unmount()
  })
  it('lives through an event that is no JSON', async () => {
    answers.push({ status: 200, body: { session: session(), rows: [] } })
    const { talk, w } = opened()
    Stream.all[0]!.open()
    await flushPromises()
    Stream.all[0]!.send('row', '{')
    expect(talk.rows).toEqual([])
    w.unmount()
  })
})

/* ---- words and results ---- */

describe('what it cost and what is left', () => {
  it('has cents, and further digits only where they say something', () => {
    expect(costWords('0.010000')).toBe('0.01 USD')
    expect(costWords('0.001234')).toBe('0.001234 USD')
    expect(costWords('12.500000')).toBe('12.50 USD')
  })
  it('is said only of what is limited, exactly', () => {
    const none = { tokens: 10, tokens_max: null, cost: '0.10', cost_max: null }
    expect(budgetWords({ person_day: none, day: none })).toEqual([])
    const some = budgetWords({ person_day: { ...none, cost_max: '2.00' }, day: { ...none, tokens_max: 10 } })
    expect(some.map((l) => [l.words, l.none])).toEqual([
      ['Everybody’s today: nothing left of 10 tokens', true],
      ['Yours today: 1.90 USD of 2.00 USD left', false],
    ])
  })
  it('is never rounded up, and only what is scarce stands there', () => {
    const of = (cost: string, cost_max: string) => ({ tokens: 0, tokens_max: null, cost, cost_max })
    const all = budgetWords({ session: of('0.000001', '2.00'), person_day: of('4.10', '5.00'), day: of('0.999', '1.00') })
    expect(all.map((l) => l.words)).toEqual([
      'Everybody’s today: 0.001 USD of 1.00 USD left',
      'Yours today: 0.90 USD of 5.00 USD left',
      'In this chat: 1.99 USD of 2.00 USD left',
    ])
    expect(scarce(all).length).toBe(2)
    expect(scarce(budgetWords({ day: of('0.10', '1.00'), session: of('0.00', '1.00') })).map((l) => l.used)).toEqual([10])
  })
  it('tells how a call ended in one word', () => {
    const r = (status: string, is_error = false) => callWords({ kind: 'returned', n: 1, turn: 1, at, call_id: 'c', tool: 't', status, is_error }, false).words
    expect([r('ok'), r('pending_approval'), r('denied'), r('failed', true)]).toEqual(['Done', 'Waits for a person', 'Refused by policy', 'Failed'])
    expect(callWords(undefined, true).words).toBe('At work')
  })
})

describe('what a tool answered', () => {
  it('becomes tables of what the workspace knows', () => {
    const result = {
      matches: [{ match_id: 'mat_1', match_type: 'exact', state: 'CONFIRMED', amount: '1.00', currency: 'USD', legs: [{ counterparty: 'ACME' }] }],
      exceptions: [{ exception_id: 'exc_1', entry_id: 'e', class: 'FEE', state: 'OPEN', open_amount: '2.00', currency: 'USD' }],
      escalations: [{ escalation_id: 'esc_1', code: '7QK4-M2XD', tool: 'confirm_match', reason: 'FROZEN' }],
      candidates: [{ entry_id: 'ent_1', amount: '3.00', date: '2026-03-01' }],
      sections: [{ section: 'a', count: 3 }],
    }
    expect(readResult(result).map((p) => p.kind)).toEqual(['matches', 'exceptions', 'escalations', 'lines', 'table'])
    expect(readResult(result)[0]).toMatchObject({ rows: [{ counterparty: 'ACME' }] })
  })
  it('becomes facts, with amounts beside their currency and ids that lead somewhere', () => {
    const [part] = readResult({ status: 'ok', amount: '10.00', currency: 'EUR', match_id: 'mat_1', seq: 9, at_risk: true, empty: [], note: null })
    expect(part!.kind === 'facts' && part!.facts.map((f) => [f.name, f.kind])).toEqual([
      ['status', 'text'], ['amount', 'money'], ['match_id', 'match'], ['seq', 'event'], ['at_risk', 'text'],
    ])
  })
  it('is text where it is not as expected', () => {
    for (const odd of [null, undefined, '', 'words', 7, [], [1, 2], { matches: 'none' }, { match_id: { x: 1 } }, { match_id: '../../x y' }]) expect(() => readResult(odd)).not.toThrow()
    const [part] = readResult({ match_id: 'javascript:alert(1) ', date: 'soon' })
    expect(part!.kind === 'facts' && part!.facts.map((f) => f.kind)).toEqual(['text', 'text'])
  })
})
