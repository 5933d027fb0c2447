/* A receipt as closegate writes it (closegate-receipt/1) and as C2SP tlog-proof; either is all that is
 * needed but the key. */
import { base64Of, fromBase64, hashFrom, hashFromHex, hexOf, refuse, textOf, utf8, wholeFrom, type Bytes } from './bytes'
import { objectFrom, onlyMembers, textMember } from './json'
import { PROOF_MAX } from './merkle'

export interface Receipt {
  /* the event's bytes as they were hashed, as text */
  event: string
  hashPrev: Bytes
  index: number
  proof: Bytes[]
  /* the signed note */
  checkpoint: string
}

const FORMAT = 'closegate-receipt/1'
const TLOG = 'c2sp.org/tlog-proof@v1'
const MEMBERS = ['format', 'event', 'hash_prev', 'index', 'proof', 'checkpoint']
const TEXT_MAX = 32 << 20

function numberFrom(o: Record<string, unknown>, name: string, text: string): number {
  const n = o[name]
  // 41.0 and 4.1e1 are 41 to JSON.parse; here a number has one spelling
  if (typeof n !== 'number' || !new RegExp(`"${name}"\\s*:\\s*${n}\\s*[,}]`).test(text)) return refuse('format', `"${name}" is not a whole number.`)
  return wholeFrom(String(n), `"${name}"`)
}

function proofFrom(list: unknown): Bytes[] {
  if (!Array.isArray(list) || !list.every((p) => typeof p === 'string')) return refuse('format', 'There is no proof.')
  if (list.length > PROOF_MAX) return refuse('format', 'The proof is longer than any tree is deep.')
  return (list as string[]).map((p, i) => hashFrom(p, `Hash ${i + 1} of the proof`))
}

export function receiptFromJson(text: string): Receipt {
  const o = objectFrom(text, 'The receipt')
  if (o.format !== FORMAT) refuse('format', 'This is no receipt of closegate.')
  onlyMembers(o, MEMBERS, 'The receipt')
  return {
    event: textMember(o, 'event', 'The receipt'),
    hashPrev: hashFromHex(textMember(o, 'hash_prev', 'The receipt'), 'The hash of the event before'),
    index: numberFrom(o, 'index', text),
    proof: proofFrom(o.proof),
    checkpoint: textMember(o, 'checkpoint', 'The receipt'),
  }
}

export function receiptFromProof(text: string): Receipt {
  const end = text.indexOf('\n\n')
  if (end < 0) return refuse('format', 'The proof has no checkpoint behind it.')
  const [first, extra, index, ...hashes] = text.slice(0, end).split('\n')
  if (first !== TLOG) return refuse('format', `The proof’s first line is not ${TLOG}.`)
  if (!extra?.startsWith('extra ')) return refuse('format', 'The proof comes without the event (its extra line).')
  if (!index?.startsWith('index ')) return refuse('format', 'The proof has no index.')
  const o = objectFrom(textOf(fromBase64(extra.slice(6), 'The extra line'), 'The extra line'), 'The extra line')
  onlyMembers(o, ['event', 'hash_prev'], 'The extra line')
  return {
    event: textMember(o, 'event', 'The extra line'),
    hashPrev: hashFromHex(textMember(o, 'hash_prev', 'The extra line'), 'The hash of the event before'),
    index: wholeFrom(index.slice(6), 'The proof’s index'),
    proof: proofFrom(hashes),
    checkpoint: text.slice(end + 2),
  }
}

export interface Growth {
  from: number
  to: number
  proof: Bytes[]
}

/* closegate-consistency/1: that the log of `to` events begins with that of `from`. */
export function growthFrom(text: string): Growth {
  const o = objectFrom(text, 'The consistency proof')
  if (o.format !== 'closegate-consistency/1') refuse('format', 'This is no consistency proof of closegate.')
  onlyMembers(o, ['format', 'from', 'to', 'proof'], 'The consistency proof')
  return { from: numberFrom(o, 'from', text), to: numberFrom(o, 'to', text), proof: proofFrom(o.proof) }
}

/* Either of the two, by how it begins. */
export function receiptFrom(text: string): Receipt {
  if (text.length > TEXT_MAX) return refuse('format', 'This is larger than any receipt.')
  return text.startsWith('c2sp.org/') ? receiptFromProof(text) : receiptFromJson(text)
}

export function receiptJson(r: Receipt): string {
  return JSON.stringify({
    format: FORMAT,
    event: r.event,
    hash_prev: hexOf(r.hashPrev),
    index: r.index,
    proof: r.proof.map(base64Of),
    checkpoint: r.checkpoint,
  })
}

export function receiptProof(r: Receipt): string {
  const extra = JSON.stringify({ event: r.event, hash_prev: hexOf(r.hashPrev) })
  const lines = [TLOG, `extra ${base64Of(utf8(extra, 'The event'))}`, `index ${r.index}`, ...r.proof.map(base64Of)]
  return lines.join('\n') + '\n\n' + r.checkpoint
}
