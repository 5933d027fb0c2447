/* A log as the engine would have written it, made the slow obvious way with Node's own crypto: the
 * recursion of RFC 6962 2.1 instead of the verifier's loops. */
import { createHash, generateKeyPairSync, sign, type KeyObject } from 'node:crypto'

export const sha = (...parts: Uint8Array[]) => {
  const h = createHash('sha256')
  parts.forEach((p) => h.update(p))
  return h.digest()
}
const node = (l: Buffer, r: Buffer) => sha(Buffer.of(1), l, r)
/* The largest power of two below n. */
const split = (n: number) => 2 ** Math.floor(Math.log2(n - 1))

export function rootOf(leaves: Buffer[]): Buffer {
  if (leaves.length === 0) return sha()
  if (leaves.length === 1) return leaves[0]!
  const k = split(leaves.length)
  return node(rootOf(leaves.slice(0, k)), rootOf(leaves.slice(k)))
}
export function pathOf(m: number, leaves: Buffer[]): Buffer[] {
  if (leaves.length <= 1) return []
  const k = split(leaves.length)
  return m < k ? [...pathOf(m, leaves.slice(0, k)), rootOf(leaves.slice(k))] : [...pathOf(m - k, leaves.slice(k)), rootOf(leaves.slice(0, k))]
}
function sub(m: number, leaves: Buffer[], whole: boolean): Buffer[] {
  if (m === leaves.length) return whole ? [] : [rootOf(leaves)]
  const k = split(leaves.length)
  return m <= k ? [...sub(m, leaves.slice(0, k), whole), rootOf(leaves.slice(k))] : [...sub(m - k, leaves.slice(k), false), rootOf(leaves.slice(0, k))]
}
export const growthOf = (m: number, leaves: Buffer[]) => (m === 0 || m === leaves.length ? [] : sub(m, leaves, true))

export class Key {
  readonly secret: KeyObject
  readonly id: string
  readonly vkey: string
  constructor(readonly name: string) {
    const pair = generateKeyPairSync('ed25519')
    this.secret = pair.privateKey
    const raw = Buffer.from(pair.publicKey.export({ format: 'jwk' }).x!, 'base64url')
    const typed = Buffer.concat([Buffer.of(1), raw])
    this.id = sha(Buffer.from(name + '\n'), typed).subarray(0, 4).toString('hex')
    this.vkey = `${name}+${this.id}+${typed.toString('base64')}`
  }
  line(text: string): string {
    return `— ${this.name} ${Buffer.concat([Buffer.from(this.id, 'hex'), sign(null, Buffer.from(text), this.secret)]).toString('base64')}\n`
  }
  note(text: string): string {
    return `${text}\n${this.line(text)}`
  }
}

/* What tells of a key: signed by it, and by the one before when there is one. */
export function statement(key: Key, from: number, before?: Key, signers: Key[] = before ? [key, before] : [key]): string {
  const text = `closegate-log-key/1\n${key.name}\nfrom ${from}\nold ${before?.vkey ?? '-'}\nnew ${key.vkey}\n`
  return `${text}\n${signers.map((k) => k.line(text)).join('')}`
}

export interface RawReceipt {
  format: string
  event: string
  hash_prev: string
  index: number
  proof: string[]
  checkpoint: string
}

export class Log {
  readonly events: string[] = []
  readonly hashes: Buffer[] = [Buffer.alloc(32)]
  readonly leaves: Buffer[] = []
  readonly origin: string
  key: Key
  constructor(
    readonly book: string,
    n = 0,
    key?: Key,
  ) {
    this.origin = `closegate/${book}`
    this.key = key ?? new Key(this.origin)
    for (let i = 0; i < n; i++) this.add({ event_type: 'OK', tool: 'confirm_match', rationale: `Zeile ${i + 1} – „geprüft“ ✓` })
  }
  add(event: Record<string, unknown>): void {
    const whole: Record<string, unknown> = { book_id: this.book, ...event, seq: this.events.length + 1 }
    this.addText(JSON.stringify(Object.fromEntries(Object.keys(whole).sort().map((k) => [k, whole[k]]))))
  }
  addText(text: string): void {
    this.events.push(text)
    this.hashes.push(sha(this.hashes.at(-1)!, Buffer.from(text)))
    this.leaves.push(sha(Buffer.of(0), this.hashes.at(-1)!))
  }
  get size(): number {
    return this.leaves.length
  }
  text(size = this.size): string {
    return `${this.origin}\n${size}\n${rootOf(this.leaves.slice(0, size)).toString('base64')}\n`
  }
  checkpoint(size = this.size, key = this.key): string {
    return key.note(this.text(size))
  }
  receipt(seq: number, size = this.size): RawReceipt {
    return {
      format: 'closegate-receipt/1',
      event: this.events[seq - 1]!,
      hash_prev: this.hashes[seq - 1]!.toString('hex'),
      index: seq - 1,
      proof: pathOf(seq - 1, this.leaves.slice(0, size)).map((p) => p.toString('base64')),
      checkpoint: this.checkpoint(size),
    }
  }
  growth(from: number, to = this.size): string[] {
    return growthOf(from, this.leaves.slice(0, to)).map((p) => p.toString('base64'))
  }
}
