import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { mayRepeat, useAct } from '@/lib/act'

const sent: Record<string, unknown>[] = []
let answers: (() => Promise<Response>)[] = []

function says(status: number, body: unknown): () => Promise<Response> {
  return () => Promise.resolve(new Response(JSON.stringify(body), { status, headers: { 'Content-Type': 'application/json' } }))
}
const silence = () => Promise.reject(new TypeError('failed to fetch'))

beforeEach(() => {
  sent.length = 0
  vi.stubGlobal('fetch', (_url: string, init: RequestInit) => {
    sent.push(JSON.parse(String(init.body)) as Record<string, unknown>)
    return answers.shift()!()
  })
})
afterEach(() => vi.unstubAllGlobals())

describe('an act', () => {
  it('is recorded when the engine says so, and not before', async () => {
    const act = useAct()
    answers = [says(200, { status: 'ok', seq: 97 })]
    const going = act.run('Comment', 'comment_item', { object: 'exc_1', text: 'x' })
    expect(act.busy).toBe(true)
    expect(act.answer).toBeNull()
    await going
    expect(act.busy).toBe(false)
    expect(act.answer).toMatchObject({ kind: 'recorded', seq: 97 })
  })
  it('is the same act after silence, and another one after an answer', async () => {
    const act = useAct()
    answers = [silence, silence, says(200, { status: 'ok', seq: 1 }), says(200, { status: 'ok', seq: 2 })]
    for (let i = 0; i < 4; i++) await act.run('Reject', 'reject_match', { match_id: 'mat_1' })
    const keys = sent.map((s) => s.idempotency_key)
    expect(keys[1]).toBe(keys[0])
    expect(keys[2]).toBe(keys[0])
    expect(keys[3]).not.toBe(keys[0])
  })
  it('is another one when what is asked has changed meanwhile', async () => {
    const act = useAct()
    answers = [silence, says(200, { status: 'ok' })]
    await act.run('Comment', 'comment_item', { text: 'one' })
    expect(mayRepeat(act.answer)).toBe(true)
    await act.run('Comment', 'comment_item', { text: 'two' })
    expect(sent[1]!.idempotency_key).not.toBe(sent[0]!.idempotency_key)
  })
  it('tells a refusal with its clause, and gives nothing back', async () => {
    const act = useAct()
    answers = [says(403, { status: 'denied', reason: 'SOD_SAME_ACTOR', clause: 'Nobody confirms their own.', pointer: '/sod', seq: 98 })]
    expect(await act.run('Write off', 'resolve_exception', {})).toBeNull()
    expect(act.answer).toMatchObject({ kind: 'denied', reason: 'SOD_SAME_ACTOR', clause: 'Nobody confirms their own.', pointer: '/sod', seq: 98 })
  })
  it('is not done while it waits for somebody', async () => {
    const act = useAct()
    answers = [says(202, { status: 'pending_approval', escalation_id: 'esc_1', code: 'AB-CD', clause: 'Two people.' })]
    await act.run('Write off', 'resolve_exception', {})
    expect(act.answer).toMatchObject({ kind: 'waits', escalation: 'esc_1', code: 'AB-CD' })
  })
  it.each([
    [401, { error: 'signed_out', message: 'sign in' }, 'signed_out'],
    [404, { error: 'missing', message: 'no such match' }, 'missing'],
    [409, { status: 'stale', message: 'it has changed' }, 'conflict'],
    [422, { error: 'input', message: 'needed', pointer: '/rationale' }, 'input'],
    [503, { error: 'upstream', message: 'away' }, 'unknown'],
    [500, { error: 'broken', message: 'ours' }, 'failed'],
  ])('says what %i means', async (status, body, kind) => {
    const act = useAct()
    answers = [says(status, body)]
    await act.run('Flag', 'flag_exception', {})
    expect(act.answer!.kind).toBe(kind)
  })
  it('is pressed once at a time', async () => {
    const act = useAct()
    answers = [says(200, { status: 'ok' })]
    const first = act.run('Flag', 'flag_exception', {})
    expect(await act.run('Flag', 'flag_exception', {})).toBeNull()
    await first
    expect(sent).toHaveLength(1)
  })
})
