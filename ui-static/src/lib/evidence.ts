/* Evidence checked where it is read, with the browser's own cryptography and no word of a server
 * but the bytes: that an event stands in the log at its place (RFC 6962), that the log's key signed
 * the head of that log (C2SP signed-note), and that one head continues another. The key is the
 * reader's to bring; nothing in a receipt says which key to believe.
 *
 * Three answers: it holds; it does not, and what; or this browser cannot tell. */
import { CannotTell, refuse, Refusal, same, sha256, utf8, type Bytes, type Fault } from './evidence/bytes'
import { canonical, objectFrom } from './evidence/json'
import { keyFrom, checkpointFrom, noteFrom, noteSigned, type Checkpoint, type NoteKey } from './evidence/note'
import { trustFrom, type TrustedKey } from './evidence/keys'
import { consistencyHolds, inclusionHolds, leafHash } from './evidence/merkle'
import type { Growth, Receipt } from './evidence/receipt'

export { hexOf, base64Of, hashFrom, textOf, type Fault } from './evidence/bytes'
export { keyFrom, checkpointFrom, noteFrom, type Checkpoint, type NoteKey } from './evidence/note'
export { chainFile, chainFrom, keysOf, trustFrom, type TrustedKey } from './evidence/keys'
export { growthFrom, receiptFrom, receiptJson, receiptProof, type Receipt } from './evidence/receipt'

const ORIGIN = 'closegate/'

export type Answer<T> =
  | { state: 'verified'; found: T }
  | { state: 'refused'; what: Fault; words: string }
  | { state: 'unknown'; words: string }

/* For who adds a condition of their own. */
export const refusal = (what: Fault, words: string): Error => new Refusal(what, words)

/* The three answers out of what is thrown. */
export async function answerOf<T>(work: () => Promise<T>): Promise<Answer<T>> {
  try {
    return { state: 'verified', found: await work() }
  } catch (e) {
    if (e instanceof Refusal) return { state: 'refused', what: e.what, words: e.message }
    if (e instanceof CannotTell) return { state: 'unknown', words: e.message }
    // too large for this machine, or a fault of ours: either way nothing was found to be so
    return { state: 'unknown', words: `This browser could not compute it (${e instanceof Error ? e.message : String(e)}).` }
  }
}

export interface Head extends Checkpoint {
  /* which of the trusted keys signed it */
  key: NoteKey
  note: string
}

/* A checkpoint of the log whose keys these are, signed by the one whose turn it was. */
export async function headHolds(note: string, trust: readonly TrustedKey[]): Promise<Head> {
  const parsed = noteFrom(note)
  const c = checkpointFrom(parsed.text)
  if (c.size === 0 && !same(c.root, await sha256())) refuse('format', 'A log of no events has another root.')
  let late: TrustedKey | undefined
  for (const t of trust) {
    if (t.key.name !== c.origin || !(await noteSigned(parsed, t.key))) continue
    if (c.size >= t.from && (t.until === undefined || c.size < t.until)) return { ...c, key: t.key, note }
    late = t
  }
  if (late)
    refuse('retired', `Key ${late.key.id} signed a log of ${c.size} events, and was in force ${late.until === undefined ? `from ${late.from}` : `only up to ${late.until - 1}`}.`)
  if (!trust.some((t) => t.key.name === c.origin)) return refuse('book', `The checkpoint is of another log: ${c.origin}.`)
  return refuse('key', 'None of the keys given has signed this checkpoint.')
}

export interface Evidence {
  receipt: Receipt
  event: Record<string, unknown>
  seq: number
  hashSelf: Bytes
  head: Head
}

/* What was signed and is no event says nothing, whoever signed it. */
function eventFrom(text: string): Record<string, unknown> {
  try {
    return objectFrom(text, 'The event')
  } catch (e) {
    return refuse('event', (e as Error).message)
  }
}

function eventFits(event: Record<string, unknown>, r: Receipt, origin: string): void {
  if (event.seq !== r.index + 1) refuse('event', `The event calls itself number ${String(event.seq)}, and the receipt is for ${r.index + 1}.`)
  if (typeof event.book_id !== 'string' || ORIGIN + event.book_id !== origin) refuse('book', 'The event is of another book than the log.')
}

/* What is looked at first is whether the key signed: what nobody signed is not worth a reason. */
export async function receiptHolds(r: Receipt, trust: readonly TrustedKey[]): Promise<Evidence> {
  const head = await headHolds(r.checkpoint, trust)
  const hashSelf = await sha256(r.hashPrev, utf8(r.event, 'The event'))
  if (!(await inclusionHolds(await leafHash(hashSelf), r.index, head.size, r.proof, head.root)))
    refuse('inclusion', `The event is not at place ${r.index + 1} of the log of ${head.size} events that was signed.`)
  const event = eventFrom(r.event)
  if (canonical(event) !== r.event) refuse('event', 'The event is not in the one form that events have (RFC 8785).')
  eventFits(event, r, head.origin)
  return { receipt: r, event, seq: r.index + 1, hashSelf, head }
}

/* A head seen before, as it was kept: its size and root. */
export interface Seen {
  size: number
  root: Bytes
}

/* The later log begins with the earlier one, event by event; of the same size, it is the same, and
 * needs no proof. */
export async function headContinues(before: Seen, head: Checkpoint, growth?: Growth): Promise<void> {
  if (head.size < before.size)
    refuse('consistency', `The log shown has ${head.size} events; this browser has seen ${before.size} of it.`)
  if (growth && (growth.from !== before.size || growth.to !== head.size)) refuse('consistency', `The proof is from ${growth.from} to ${growth.to} events, and not between the two heads.`)
  if (!(await consistencyHolds(before.size, before.root, head.size, head.root, growth?.proof ?? [])))
    refuse('consistency', `The log of ${head.size} events does not begin with the ${before.size} that this browser has seen.`)
}

/* From one key in its text form, and the statements that tell of its successors. */
export async function trustFromText(vkey: string, statements: readonly string[] = []): Promise<TrustedKey[]> {
  return trustFrom(await keyFrom(vkey.trim()), statements)
}
