// @vitest-environment node
import { afterEach, describe, expect, it, vi } from 'vitest'
import {
  answerOf,
  chainFile,
  growthFrom,
  hashFrom,
  headContinues,
  headHolds,
  receiptFrom,
  receiptHolds,
  receiptJson,
  receiptProof,
  trustFromText,
  type Answer,
} from '@/lib/evidence'
import { hasTwins } from '@/lib/evidence/json'
import { consistencyHolds, inclusionHolds } from '@/lib/evidence/merkle'
import { growthOf, Key, Log, pathOf, rootOf, statement, type RawReceipt } from './log'

const BOOK = 'book_01jd0000000000000000000000'
const log = new Log(BOOK, 42)

async function judge(text: string, vkey = log.key.vkey, statements: string[] = []): Promise<Answer<unknown>> {
  return answerOf(async () => receiptHolds(receiptFrom(text), await trustFromText(vkey, statements)))
}
const raw = (r: RawReceipt) => JSON.stringify(r)
/* The next letter of base64: it differs in the lowest bit only. */
const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
const nextOf = (c: string) => letters[letters.indexOf(c) ^ 1]!
const refused = (what: string) => expect.objectContaining({ state: 'refused', what })

afterEach(() => vi.unstubAllGlobals())

describe('a tree', () => {
  it('has every leaf where it is, in trees of every size up to 24', async () => {
    for (let n = 1; n <= 24; n++) {
      const leaves = log.leaves.slice(0, n)
      for (let i = 0; i < n; i++) {
        const proof = pathOf(i, leaves)
        expect(await inclusionHolds(leaves[i]!, i, n, proof, rootOf(leaves))).toBe(true)
        expect(await inclusionHolds(leaves[i]!, (i + 1) % n, n, proof, rootOf(leaves))).toBe(n === 1)
        expect(await inclusionHolds(leaves[i]!, i, n, [...proof, leaves[0]!], rootOf(leaves))).toBe(false)
        if (n > 1) expect(await inclusionHolds(leaves[i]!, i, n, proof.slice(1), rootOf(leaves))).toBe(false)
      }
    }
  })
  it('begins with what it was, for every two sizes up to 24', async () => {
    for (let to = 0; to <= 24; to++)
      for (let from = 0; from <= to; from++) {
        const [a, b] = [log.leaves.slice(0, from), log.leaves.slice(0, to)]
        const proof = growthOf(from, b)
        expect(await consistencyHolds(from, rootOf(a), to, rootOf(b), proof), `${from} to ${to}`).toBe(true)
        expect(await consistencyHolds(from, rootOf(a), to, rootOf(b), [...proof, rootOf(a)])).toBe(false)
        if (from > 0) expect(await consistencyHolds(from, Buffer.alloc(32), to, rootOf(b), proof)).toBe(false)
        if (proof.length) expect(await consistencyHolds(from, rootOf(a), to, rootOf(b), proof.slice(1))).toBe(false)
        if (from < to) expect(await consistencyHolds(to, rootOf(b), from, rootOf(a), proof)).toBe(false)
      }
  })
  it('is told of by the vectors of RFC 6962’s own reference test', async () => {
    // leaves "", 00, 10, 20 21, … as in the certificate-transparency project; the root of all eight
    const data = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f']
    const { leafHash } = await import('@/lib/evidence/merkle')
    const leaves = await Promise.all(data.map(async (d) => Buffer.from(await leafHash(Buffer.from(d, 'hex')))))
    expect(rootOf(leaves).toString('hex')).toBe('5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328')
    expect(await inclusionHolds(leaves[5]!, 5, 8, pathOf(5, leaves), rootOf(leaves))).toBe(true)
  })
})

describe('a receipt', () => {
  it('holds, of each event of the log, in each of the two forms', async () => {
    for (let seq = 1; seq <= log.size; seq++) {
      const r = receiptFrom(raw(log.receipt(seq)))
      for (const text of [raw(log.receipt(seq)), receiptProof(r), receiptJson(r)])
        expect(await judge(text)).toMatchObject({ state: 'verified', found: { seq, head: { size: 42, key: { id: log.key.id } } } })
    }
  })
  it('holds against an earlier head that covers it, and the last event against a log of one', async () => {
    expect(await judge(raw(log.receipt(7, 9)))).toMatchObject({ state: 'verified' })
    expect(await judge(raw(log.receipt(1, 1)))).toMatchObject({ state: 'verified' })
  })
  it('may be cosigned by witnesses nobody here knows', async () => {
    const r = log.receipt(5)
    r.checkpoint += new Key('witness.example/w1').line(log.text())
    expect(await judge(raw(r))).toMatchObject({ state: 'verified' })
  })
  it('is the same through both forms and back', () => {
    const r = receiptFrom(raw(log.receipt(11)))
    expect(receiptFrom(receiptProof(r))).toEqual(r)
    expect(JSON.parse(receiptJson(r))).toEqual(log.receipt(11))
  })
})

/* Each forgery and what is wrong with it. */
describe('a forged receipt is refused', () => {
  const good = log.receipt(17)
  const with_ = (change: Partial<RawReceipt>) => raw({ ...good, ...change })
  const put = (at: number, text: string) => good.proof.map((p, i) => (i === at ? text : p))
  const swap = (s: string, at: number, to: string) => s.slice(0, at) + to + s.slice(at + 1)

  it('with any one bit of its event, proof, hash or root turned', async () => {
    const event = good.event.replace('"tool":"confirm_match"', '"tool":"reject_match!"')
    expect(await judge(with_({ event }))).toEqual(refused('inclusion'))
    expect(await judge(with_({ hash_prev: swap(good.hash_prev, 3, good.hash_prev[3] === 'a' ? 'b' : 'a') }))).toEqual(refused('inclusion'))
    for (let i = 0; i < good.proof.length; i++) {
      const bytes = Buffer.from(good.proof[i]!, 'base64')
      bytes[i] = bytes[i]! ^ (1 << (i % 8))
      expect(await judge(with_({ proof: put(i, bytes.toString('base64')) }))).toEqual(refused('inclusion'))
    }
    const root = Buffer.from(good.checkpoint.split('\n')[2]!, 'base64')
    root[0] = root[0]! ^ 1
    expect(await judge(with_({ checkpoint: good.checkpoint.replace(/\n[^\n]+\n\n/, `\n${root.toString('base64')}\n\n`) }))).toEqual(refused('signature'))
  })
  it('with each bit of its signature turned', async () => {
    const [text, line] = good.checkpoint.split('\n\n') as [string, string]
    const [dash, name, sig] = line.trim().split(' ') as [string, string, string]
    for (let bit = 32; bit < 68 * 8; bit += 37) {
      const bytes = Buffer.from(sig, 'base64')
      bytes[bit >> 3] = bytes[bit >> 3]! ^ (1 << (bit & 7))
      expect(await judge(with_({ checkpoint: `${text}\n\n${dash} ${name} ${bytes.toString('base64')}\n` }))).toEqual(refused('signature'))
    }
  })
  it('with another index, size, or the proof of another', async () => {
    expect(await judge(with_({ index: 17 }))).toEqual(refused('inclusion'))
    expect(await judge(with_({ index: 42 }))).toEqual(refused('inclusion'))
    expect(await judge(with_({ proof: log.receipt(18).proof }))).toEqual(refused('inclusion'))
    expect(await judge(with_({ proof: [...good.proof].reverse() }))).toEqual(refused('inclusion'))
    expect(await judge(with_({ proof: good.proof.slice(0, -1) }))).toEqual(refused('inclusion'))
    expect(await judge(with_({ checkpoint: log.checkpoint(40) }))).toEqual(refused('inclusion'))
    expect(await judge(with_({ checkpoint: good.checkpoint.replace('\n42\n', '\n43\n') }))).toEqual(refused('signature'))
  })
  it('when it puts an event in another’s place', async () => {
    const other = log.receipt(18)
    expect(await judge(with_({ event: other.event }))).toEqual(refused('inclusion'))
    expect(await judge(with_({ event: other.event, hash_prev: other.hash_prev }))).toEqual(refused('inclusion'))
  })
  it('when the signed log itself holds an event with the wrong number or of another book', async () => {
    const odd = new Log(BOOK, 2, log.key)
    odd.add({ event_type: 'OK' })
    const moved = new Log(BOOK, 2, log.key)
    moved.addText(odd.events[2]!.replace('"seq":3', '"seq":9'))
    expect(await judge(raw(moved.receipt(3)))).toEqual(refused('event'))
    for (const text of [`{"seq": 3,"book_id":"${BOOK}"}`, `{"seq":3,"book_id":"${BOOK}"}`, `{"book_id":"${BOOK}","seq":3.0}`, `{"book_id":"${BOOK}","seq":3,"seq":3}`, '3', 'x']) {
      const loose = new Log(BOOK, 2, log.key)
      loose.addText(text)
      expect(await judge(raw(loose.receipt(3))), text).toEqual(refused('event'))
    }
    const foreign = new Log(BOOK, 2, log.key)
    foreign.add({ book_id: 'book_other' })
    expect(await judge(raw(foreign.receipt(3)))).toEqual(refused('book'))
  })
  it('by another key, whatever it is called', async () => {
    const thief = new Key(log.origin)
    expect(await judge(raw(new Log(BOOK, 42, thief).receipt(17)))).toEqual(refused('key'))
    const other = new Log('book_01jd0000000000000000000001', 42)
    expect(await judge(raw(other.receipt(17)))).toEqual(refused('book'))
    expect(await judge(raw(good), other.key.vkey)).toEqual(refused('book'))
  })
  it('when the thief’s line claims the id of the key that is trusted', async () => {
    const thief = new Key(log.origin)
    Object.assign(thief, { id: log.key.id })
    expect(await judge(raw(new Log(BOOK, 42, thief).receipt(17)))).toEqual(refused('signature'))
    // … nor does the real signature beside it help
    const text = log.text()
    expect(await judge(with_({ checkpoint: `${text}\n${thief.line(text)}${log.key.line(text)}` }))).toEqual(refused('format'))
    expect(await judge(with_({ checkpoint: `${text}\n${log.key.line(text)}${log.key.line(text)}` }))).toEqual(refused('format'))
  })
  it('when the origin is another and the key the same', async () => {
    const key = new Key(log.origin)
    const moved = new Log('book_moved', 3, key)
    expect(await judge(raw(moved.receipt(2)), key.vkey)).toEqual(refused('book'))
  })
  it('when it is not signed at all, or by nobody', async () => {
    expect(await judge(with_({ checkpoint: log.text() }))).toEqual(refused('format'))
    expect(await judge(with_({ checkpoint: log.text() + '\n' }))).toEqual(refused('format'))
  })
  const spelled: [string, string][] = [
    ['an unknown member', raw({ ...good, key: log.key.vkey } as RawReceipt)],
    ['twin members', raw(good).replace('{', '{"index":3,')],
    ['another format', with_({ format: 'closegate-receipt/2' })],
    ['an index with a fraction', raw(good).replace('"index":16', '"index":16.0')],
    ['an index as a power', raw(good).replace('"index":16', '"index":1.6e1')],
    ['an index below zero', with_({ index: -1 })],
    ['an index above 2^53', raw(good).replace('"index":16', '"index":9007199254740993')],
    ['an index in text', raw(good).replace('"index":16', '"index":"16"')],
    ['hex in capitals', with_({ hash_prev: good.hash_prev.toUpperCase() })],
    ['a hash that is too short', with_({ hash_prev: good.hash_prev.slice(2) })],
    ['base64 without its padding', with_({ proof: put(0, good.proof[0]!.replace(/=+$/, '')) })],
    ['base64 for addresses', with_({ proof: put(0, '-_'.repeat(21) + 'A=') })],
    ['base64 with bits that stand for nothing', with_({ proof: put(0, swap(good.proof[0]!, 42, nextOf(good.proof[0]![42]!))) })],
    ['base64 with a line break', with_({ proof: put(0, good.proof[0]! + '\n') })],
    ['a proof deeper than any tree', with_({ proof: Array.from({ length: 65 }, () => good.proof[0]!) })],
    ['a proof that is no list', raw({ ...good, proof: 'x' } as unknown as RawReceipt)],
    ['half a character', raw(good).replace('Zeile', '\\ud800')],
    ['a size with a zero before it', with_({ checkpoint: log.key.note(log.text().replace('\n42\n', '\n042\n')) })],
    ['a size with a sign', with_({ checkpoint: log.key.note(log.text().replace('\n42\n', '\n+42\n')) })],
    ['lines more than three', with_({ checkpoint: log.key.note(log.text() + 'more\n') })],
    ['a root in another spelling', with_({ checkpoint: log.key.note(log.text().replace(/=\n$/, '\n')) })],
    ['a control character', with_({ checkpoint: log.key.note(log.text().replace('\n42', '\r\n42')) })],
    ['a signature line of another shape', with_({ checkpoint: good.checkpoint.replace('— ', '- ') })],
    ['text behind the note', with_({ checkpoint: good.checkpoint + 'x' })],
    ['a list', '[]'],
    ['nothing', ''],
    ['words', 'verified'],
    ['a proof without the event', receiptProof(receiptFrom(raw(good))).replace(/extra [^\n]+\n/, '')],
    ['a proof of a later version', receiptProof(receiptFrom(raw(good))).replace('@v1', '@v2')],
    ['a proof whose index begins with zero', receiptProof(receiptFrom(raw(good))).replace('index 16', 'index 016')],
    ['a proof whose extra line is not text', receiptProof(receiptFrom(raw(good))).replace(/extra [^\n]+\n/, 'extra /w==\n')],
    ['a proof with one line end of Windows', receiptProof(receiptFrom(raw(good))).replace('index 16\n', 'index 16\r\n')],
  ]
  it.each(spelled)('with %s', async (_, text) => {
    expect(await judge(text)).toEqual(refused('format'))
  })
  it('when it is cut off anywhere', async () => {
    const text = raw(good)
    for (let n = 0; n < text.length; n += 97) expect(await judge(text.slice(0, n))).toMatchObject({ state: 'refused' })
    const proof = receiptProof(receiptFrom(text))
    for (let n = 0; n < proof.length - 1; n += 41) expect(await judge(proof.slice(0, n))).toMatchObject({ state: 'refused' })
  })
})

describe('a key', () => {
  it('is taken as it is printed, and not with a letter changed', async () => {
    expect(await trustFromText(` ${log.key.vkey}\n`)).toMatchObject([{ key: { id: log.key.id, name: log.origin }, from: 0 }])
    const forms = [
      log.key.vkey.replace(/\+[0-9a-f]{8}\+/, '+00000000+'),
      log.key.vkey.replace('closegate/', 'closegate/x'),
      log.key.vkey.slice(0, -4),
      log.key.vkey.replace(/\+[^+]*$/, ''),
      log.key.vkey.replace('closegate', 'close gate'),
      '',
      'a+b',
    ]
    for (const vkey of forms) expect(await answerOf(() => trustFromText(vkey)), vkey).toMatchObject({ state: 'refused' })
  })
  it('under which anybody could sign is refused', async () => {
    const { createHash } = await import('node:crypto')
    for (const y of ['00'.repeat(32), '01' + '00'.repeat(30) + '80', 'ec' + 'ff'.repeat(31)]) {
      const typed = Buffer.from('01' + y, 'hex')
      const id = createHash('sha256').update(log.origin + '\n').update(typed).digest('hex').slice(0, 8)
      expect(await answerOf(() => trustFromText(`${log.origin}+${id}+${typed.toString('base64')}`))).toEqual(refused('format'))
    }
  })
  it('that is no key of a curve verifies nothing', async () => {
    const { createHash } = await import('node:crypto')
    const typed = Buffer.concat([Buffer.of(1), Buffer.alloc(32, 0xff)])
    const id = createHash('sha256').update(log.origin + '\n').update(typed).digest('hex').slice(0, 8)
    const answer = await judge(raw(log.receipt(3)), `${log.origin}+${id}+${typed.toString('base64')}`)
    expect(answer).toEqual(refused('key'))
  })
})

describe('a chain of keys', () => {
  const [a, b, c] = [log.key, new Key(log.origin), new Key(log.origin)]
  const chain = [statement(a, 1), statement(b, 20, a), statement(c, 30, b)]
  const signedBy = (size: number, key: Key) => raw({ ...log.receipt(5, size), checkpoint: log.checkpoint(size, key) })

  it('carries trust from any of its keys to the others, each for its time', async () => {
    for (const given of [a, b, c])
      for (const [size, key] of [[19, a], [20, b], [29, b], [30, c], [42, c]] as const)
        expect(await judge(signedBy(size, key), given.vkey, chain), `${size}`).toMatchObject({ state: 'verified', found: { head: { key: { id: key.id } } } })
  })
  it('refuses a key before and after its time', async () => {
    for (const [size, key] of [[20, a], [42, a], [19, b], [30, b], [29, c]] as const)
      expect(await judge(signedBy(size, key), a.vkey, chain)).toEqual(refused('retired'))
  })
  it('needs no order, and the same twice is nothing new', async () => {
    expect(await judge(signedBy(42, c), a.vkey, [...chain].reverse().concat(chain))).toMatchObject({ state: 'verified' })
  })
  it('is not believed without a key of it', async () => {
    expect(await judge(signedBy(42, c), new Key(log.origin).vkey, chain)).toEqual(refused('chain'))
  })
  it('is refused with a fork, a gap, a turn back, or a signature too few', async () => {
    const evil = new Key(log.origin)
    const bad = [
      [statement(a, 1), statement(b, 20, a), statement(evil, 20, a)],
      [statement(a, 1), statement(c, 30, b)],
      [statement(a, 1), statement(b, 20, a), statement(c, 20, b)],
      [statement(a, 20), statement(b, 1, a)],
      [statement(a, 1), statement(b, 20, a), statement(c, 20, b)],
      [statement(a, 1), statement(b, 20, a), statement(a, 30, b)],
      [statement(b, 20, a), statement(a, 30, b)],
      [statement(a, 0)],
      [statement(a, 1, undefined, [a, evil])],
      [statement(a, 1), statement(evil, 20, a, [evil])],
      [statement(a, 1), statement(evil, 20, a, [a])],
      [statement(a, 1, undefined, [b])],
      [statement(a, 1).replace('from 1', 'from 01')],
      [statement(a, 1).replace('closegate-log-key/1', 'closegate-log-key/2')],
      [statement(new Key('closegate/other'), 1)],
    ]
    for (const [i, list] of bad.entries()) expect(await judge(raw(log.receipt(5)), a.vkey, list), String(i)).toMatchObject({ state: 'refused' })
  })
  it('is read from its file', () => {
    expect(chainFile(JSON.stringify({ format: 'closegate-key-chain/1', statements: chain }))).toEqual(chain)
    for (const t of ['{}', '[]', '{"format":"closegate-key-chain/1","statements":[1]}', '{"format":"closegate-key-chain/1","statements":[],"trust":1}'])
      expect(() => chainFile(t)).toThrow()
    const many = (n: number) => JSON.stringify({ format: 'closegate-key-chain/1', statements: Array(n).fill('x') })
    expect(chainFile(many(128))).toHaveLength(128)
    expect(() => chainFile(many(129))).toThrow()
  })
})

describe('a fault of this page', () => {
  it('is neither a yes nor a no', async () => {
    const broken = await answerOf(() => Promise.reject(new RangeError('Maximum call stack size exceeded')))
    expect(broken).toMatchObject({ state: 'unknown', words: expect.stringContaining('Maximum call stack') })
  })
})

describe('a head', () => {
  const seen = (size: number, of = log) => ({ size, root: hashFrom(of.text(size).split('\n')[2]!, 'root') })
  const grown = async (from: { size: number; root: Uint8Array<ArrayBuffer> }, of: Log, to: number) =>
    answerOf(async () => {
      const head = await headHolds(of.checkpoint(to), await trustFromText(of.key.vkey))
      await headContinues(from, head, { from: from.size, to, proof: of.growth(Math.min(from.size, to), to).map((p) => hashFrom(p, 'p')) })
    })
  it('continues the one before, and itself', async () => {
    for (const from of [1, 2, 7, 8, 31, 42]) expect(await grown(seen(from), log, 42)).toMatchObject({ state: 'verified' })
  })
  it('of no events has the root of no events', async () => {
    const none = new Log(BOOK, 0, log.key)
    expect(await answerOf(async () => headHolds(none.checkpoint(), await trustFromText(log.key.vkey)))).toMatchObject({ state: 'verified' })
    const other = log.key.note(none.text().replace(/\n0\n[^\n]+/, '\n0\n' + log.text().split('\n')[2]))
    expect(await answerOf(async () => headHolds(other, await trustFromText(log.key.vkey)))).toEqual(refused('format'))
  })
  it('with a proof between other sizes does not', async () => {
    const head = await headHolds(log.checkpoint(), await trustFromText(log.key.vkey))
    const growth = growthFrom(JSON.stringify({ format: 'closegate-consistency/1', from: 31, to: 42, proof: log.growth(31) }))
    await headContinues(seen(31), head, growth)
    expect(await answerOf(() => headContinues(seen(31), head, { ...growth, from: 30 }))).toEqual(refused('consistency'))
    expect(await answerOf(() => headContinues(seen(30), head, growth))).toEqual(refused('consistency'))
    const spelled = ['{}', '{"format":"closegate-consistency/1","from":1,"to":2}', '{"format":"closegate-consistency/1","from":1.0,"to":2,"proof":[]}', '{"format":"closegate-consistency/1","from":1,"to":2,"proof":[],"x":1}']
    for (const text of spelled) expect(await answerOf(async () => growthFrom(text)), text).toEqual(refused('format'))
  })
  it('of a log that was cut, or rewritten, or forked does not', async () => {
    expect(await grown(seen(42), log, 41)).toEqual(refused('consistency'))
    const fork = new Log(BOOK, 20, log.key)
    while (fork.size < 50) fork.add({ event_type: 'FORGED' })
    for (const from of [21, 32, 42]) expect(await grown(seen(from), fork, 50)).toEqual(refused('consistency'))
    expect(await grown(seen(42), fork, 42)).toEqual(refused('consistency'))
    expect(await grown(seen(20), fork, 50)).toMatchObject({ state: 'verified' })
  })
})

describe('where nothing can be told', () => {
  it('a page without cryptography says so, neither yes nor no', async () => {
    vi.stubGlobal('crypto', {})
    expect(await judge(raw(log.receipt(3)))).toMatchObject({ state: 'unknown', words: expect.stringContaining('https') })
  })
  it('a browser without Ed25519 says so', async () => {
    const { webcrypto } = await import('node:crypto')
    vi.stubGlobal('crypto', {
      subtle: {
        digest: webcrypto.subtle.digest.bind(webcrypto.subtle),
        importKey: () => Promise.reject(Object.assign(new Error('no'), { name: 'NotSupportedError' })),
      },
    })
    expect(await judge(raw(log.receipt(3)))).toMatchObject({ state: 'unknown', words: expect.stringContaining('Ed25519') })
  })
})

describe('twins in JSON', () => {
  it('are found at any depth and in any spelling', () => {
    for (const t of ['{"a":1,"a":2}', '{"b":[{"a":{"c":1,"\\u0063":2}}]}', '{"a":{},"b":[],"a":0}']) expect(hasTwins(t)).toBe(true)
    for (const t of ['{"a":{"a":1},"b":[{"a":1},{"a":1}]}', '{"a":"a","b":"{\\"a\\":1,\\"a\\":1}"}', '[]']) expect(hasTwins(t)).toBe(false)
  })
})
