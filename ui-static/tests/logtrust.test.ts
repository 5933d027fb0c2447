import { beforeEach, describe, expect, it, vi } from 'vitest'
import { base64Of, headHolds, trustFromText } from '@/lib/evidence'
import { compared, forget, judgeKeys, keepHead, kept } from '@/lib/logtrust'
import { Key, Log, statement } from './log'

const answers = vi.hoisted(() => ({}) as Record<string, unknown>)
vi.mock('@/api/http', async (original) => {
  const http = await original<typeof import('@/api/http')>()
  const get = async (path: string) => {
    if (!(path in answers)) throw new http.Missing(404, 'missing', 'there is no such resource')
    return answers[path]
  }
  return { ...http, get }
})

const BOOK = 'book_01jd0000000000000000000000'
const log = new Log(BOOK, 12)
const [a, b, evil] = [log.key, new Key(log.origin), new Key(log.origin)]

beforeEach(() => forget(log.origin))

describe('the key of a log', () => {
  it('is remembered when it is first seen, as the server’s word', async () => {
    const t = await judgeKeys(log.origin, [statement(a, 2)])
    expect(t).toMatchObject({ state: 'verified', found: { now: { id: a.id }, ours: { id: a.id } } })
    expect(kept(log.origin)).toMatchObject({ vkey: a.vkey })
    expect(kept(log.origin)?.compared).toBeUndefined()
  })
  it('is compared by a person, and what was verified stays', async () => {
    await judgeKeys(log.origin, [statement(a, 2)])
    keepHead(log.origin, { size: 5, root: 'x', at: '' })
    compared(log.origin, a.vkey, '2026-11-21T10:00:00Z')
    expect(kept(log.origin)).toMatchObject({ vkey: a.vkey, compared: '2026-11-21T10:00:00Z', head: { size: 5 } })
  })
  it('is followed by one that it has signed for', async () => {
    await judgeKeys(log.origin, [statement(a, 2)])
    const t = await judgeKeys(log.origin, [statement(a, 2), statement(b, 9, a)])
    expect(t).toMatchObject({ state: 'verified', found: { followed: true, now: { id: b.id }, ours: { id: a.id } } })
    expect(t.state === 'verified' && t.found.trouble).toBeFalsy()
    expect(t.state === 'verified' && t.found.keys.map((k) => [k.key.id, k.from, k.until])).toEqual([
      [a.id, 2, 9],
      [b.id, 9, undefined],
    ])
  })
  it('that is another without its word is told, and nothing is held against it', async () => {
    await judgeKeys(log.origin, [statement(a, 2)])
    const t = await judgeKeys(log.origin, [statement(evil, 2)])
    expect(t).toMatchObject({ state: 'verified', found: { trouble: expect.stringContaining(evil.id), ours: { id: a.id } } })
    expect(t.state === 'verified' && t.found.keys.map((k) => k.key.id)).toEqual([a.id])
    expect(kept(log.origin)?.vkey).toBe(a.vkey)
  })
  it('is another only when the person here says so', async () => {
    await judgeKeys(log.origin, [statement(a, 2)])
    keepHead(log.origin, { size: 5, root: 'x', at: '' })
    compared(log.origin, evil.vkey)
    const t = await judgeKeys(log.origin, [statement(evil, 2)])
    expect(t).toMatchObject({ state: 'verified', found: { ours: { id: evil.id } } })
    expect(kept(log.origin)).toMatchObject({ vkey: evil.vkey, head: { size: 5 } })
  })
  it('whose chain does not hold is trouble for who knew it, and refused by who did not', async () => {
    expect(await judgeKeys(log.origin, [statement(b, 9, a, [b])])).toMatchObject({ state: 'refused' })
    expect(kept(log.origin)).toBeUndefined()
    await judgeKeys(log.origin, [statement(a, 2)])
    expect(await judgeKeys(log.origin, [statement(a, 2), statement(b, 9, a, [b])])).toMatchObject({ state: 'verified', found: { trouble: expect.any(String) } })
  })
  it('of another log is not remembered', async () => {
    const other = new Key('closegate/other')
    expect(await judgeKeys(log.origin, [statement(other, 2)])).toMatchObject({ state: 'verified', found: { keys: [], trouble: expect.any(String) } })
    expect(kept(log.origin)).toBeUndefined()
  })
  it('is missing where nothing is signed, which is no trouble and no trust', async () => {
    const t = await judgeKeys(log.origin, [])
    expect(t).toMatchObject({ state: 'verified', found: { keys: [] } })
    expect(t.state === 'verified' && t.found.trouble).toBeFalsy()
  })
  it('that is gone after it was known leaves the known one', async () => {
    await judgeKeys(log.origin, [statement(a, 2)])
    expect(await judgeKeys(log.origin, [])).toMatchObject({ state: 'verified', found: { keys: [{ key: { id: a.id } }], trouble: expect.any(String) } })
  })
})

describe('the newest head', () => {
  it('is kept forward only', async () => {
    await judgeKeys(log.origin, [statement(a, 2)])
    keepHead(log.origin, { size: 9, root: 'nine', at: '' })
    keepHead(log.origin, { size: 7, root: 'seven', at: '' })
    expect(kept(log.origin)?.head).toMatchObject({ size: 9, root: 'nine' })
  })
  it('is remembered for the visit where nothing may be stored', async () => {
    const refuses = vi.spyOn(Storage.prototype, 'setItem').mockImplementation(() => {
      throw new DOMException('no', 'QuotaExceededError')
    })
    await judgeKeys(log.origin, [statement(a, 2)])
    expect(kept(log.origin)?.vkey).toBe(a.vkey)
    refuses.mockRestore()
  })
})

/* What the screens ask, with a server that says what it likes. */
describe('what is asked for', () => {
  const chain = { statements: [statement(a, 2)] }
  const judged = async (receipt: unknown, want: object = {}) => {
    const { judgeReceipt } = await import('@/api/evidence')
    const { queryClient } = await import('@/api/query')
    queryClient.clear()
    answers['audit/keys'] = chain
    return judgeReceipt(log.origin, { seq: 7, ...want }, receipt)
  }
  it('is the receipt of that event and no other', async () => {
    expect(await judged(log.receipt(7))).toMatchObject({ state: 'verified' })
    expect(await judged(log.receipt(8))).toMatchObject({ state: 'refused', what: 'event' })
  })
  it('is about what is shown', async () => {
    expect(await judged(log.receipt(7), { about: { tool: 'confirm_match', other: undefined } })).toMatchObject({ state: 'verified' })
    expect(await judged(log.receipt(7), { about: { tool: 'reject_match' } })).toMatchObject({ state: 'refused', what: 'event' })
    expect(await judged(log.receipt(7), { about: { escalation_id: 'esc_1' } })).toMatchObject({ state: 'refused', what: 'event' })
    expect(await judged(log.receipt(7), { hash: log.hashes[7]!.toString('hex') })).toMatchObject({ state: 'verified' })
    expect(await judged(log.receipt(7), { hash: log.hashes[6]!.toString('hex') })).toMatchObject({ state: 'refused', what: 'event' })
  })
  it('is asked for when it did not come, and may not be there', async () => {
    expect(await judged(undefined)).toMatchObject({ state: 'none' })
    answers['audit/7/receipt'] = log.receipt(7)
    expect(await judged(undefined)).toMatchObject({ state: 'verified' })
    delete answers['audit/7/receipt']
  })
  it('is of the history that was verified here', async () => {
    await judged(log.receipt(7))
    const head = await headHolds(log.checkpoint(), await trustFromText(a.vkey))
    keepHead(log.origin, { size: head.size, root: base64Of(head.root), at: '' })
    expect(await judged(log.receipt(7))).toMatchObject({ state: 'verified' })
    const fork = new Log(BOOK, 6, a)
    while (fork.size < log.size) fork.add({ event_type: 'FORGED' })
    expect(await judged(fork.receipt(7))).toMatchObject({ state: 'refused', what: 'consistency' })
    // at another size too, whatever proof there is
    for (const proof of [log.growth(9), fork.growth(9)]) {
      answers['audit/consistency'] = { format: 'closegate-consistency/1', from: 9, to: 12, proof }
      expect(await judged(fork.receipt(7, 9))).toMatchObject({ state: 'refused', what: 'consistency' })
    }
    answers['audit/consistency'] = { format: 'closegate-consistency/1', from: 9, to: 12, proof: log.growth(9) }
    expect(await judged(log.receipt(7, 9))).toMatchObject({ state: 'verified', found: { ofHistory: true } })
  })
  it('says when it could not be held against that history, and moves it on when it could', async () => {
    await judged(log.receipt(7, 9))
    keepHead(log.origin, { size: 9, root: base64Of((await headHolds(log.checkpoint(9), await trustFromText(a.vkey))).root), at: '' })
    delete answers['audit/consistency']
    expect(await judged(log.receipt(7, 11))).toMatchObject({ state: 'verified', found: { ofHistory: false } })
    answers['audit/consistency'] = { format: 'closegate-consistency/1', from: 9, to: 11, proof: log.growth(9, 11) }
    expect(await judged(log.receipt(7, 11))).toMatchObject({ state: 'verified', found: { ofHistory: true } })
    expect(kept(log.origin)?.head?.size).toBe(11)
  })
})
