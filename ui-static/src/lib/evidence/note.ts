/* C2SP signed-note and tlog-checkpoint: a text, a blank line, and signatures by named keys. */
import { CannotTell, fromBase64, hashFrom, hexOf, refuse, same, sha256, utf8, wholeFrom, type Bytes } from './bytes'

const ED25519 = 1
const NOTE_MAX = 64 << 10
const SIGS_MAX = 32

export interface NoteKey {
  name: string
  /* 8 hex digits: which key of that name; a hint, not a fingerprint */
  id: string
  publicKey: Bytes
  /* as it was given */
  vkey: string
}

export interface NoteSig {
  name: string
  id: string
  bytes: Bytes
}

export interface Note {
  text: string
  sigs: NoteSig[]
}

export interface Checkpoint {
  origin: string
  size: number
  root: Bytes
}

const nameShape = /^[^\s+\p{Cc}\p{Z}]+$/u

function nameFrom(name: string, what: string): string {
  if (!nameShape.test(name)) refuse('format', `${what} has a name that is empty or has a space or a plus in it.`)
  return name
}

async function keyId(name: string, alg: number, publicKey: Uint8Array): Promise<string> {
  return hexOf((await sha256(utf8(name, 'The name'), Uint8Array.of(0x0a, alg), publicKey)).slice(0, 4))
}

/* The y of the points whose order divides 8 (and 0 and 1 again as p and p + 1): under such a key
 * anybody can sign anything. The sign of x, the last bit, makes no difference. */
const weak = new Set([
  '00'.repeat(32),
  '01' + '00'.repeat(31),
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  'ec' + 'ff'.repeat(30) + '7f',
  'ed' + 'ff'.repeat(30) + '7f',
  'ee' + 'ff'.repeat(30) + '7f',
])

function isWeak(publicKey: Uint8Array): boolean {
  const y = Uint8Array.from(publicKey)
  y[31] = y[31]! & 0x7f
  return weak.has(hexOf(y))
}

/* `<name>+<8 hex digits>+<base64>`, as people compare it. */
export async function keyFrom(vkey: string): Promise<NoteKey> {
  const parts = /^([^+]*)\+([^+]*)\+(.*)$/s.exec(vkey)
  if (!parts) return refuse('format', 'The key is not of the form name+id+base64.')
  const [, name, id, rest] = parts as unknown as [string, string, string, string]
  nameFrom(name, 'The key')
  if (!/^[0-9a-f]{8}$/.test(id)) refuse('format', 'The key’s id is not 8 hex digits.')
  const bytes = fromBase64(rest, 'The key')
  if (bytes.length !== 33 || bytes[0] !== ED25519) refuse('format', 'The key is not an Ed25519 key of a log.')
  const publicKey = bytes.slice(1)
  if (isWeak(publicKey)) refuse('format', 'This is a weak key: anybody could sign for it.')
  if ((await keyId(name, ED25519, publicKey)) !== id) refuse('format', 'The key’s id does not belong to it: it was changed or copied badly.')
  return { name, id, publicKey, vkey }
}

function sigFrom(line: string): NoteSig {
  const parts = line.split(' ')
  if (parts.length !== 3 || parts[0] !== '—') return refuse('format', 'A signature line of the note is not one.')
  const bytes = fromBase64(parts[2]!, 'A signature')
  if (bytes.length < 5) refuse('format', 'A signature of the note is too short.')
  return { name: nameFrom(parts[1]!, 'A signature'), id: hexOf(bytes.slice(0, 4)), bytes: bytes.slice(4) }
}

export function noteFrom(note: string): Note {
  utf8(note, 'The note')
  if (note.length > NOTE_MAX) refuse('format', 'The note is too long.')
  // the last blank line; what is signed may have some of its own
  const at = note.lastIndexOf('\n\n')
  if (/[\u0000-\u0009\u000b-\u001f]/.test(note)) refuse('format', 'The note has a control character in it.')
  if (at < 0 || !note.endsWith('\n') || at + 2 >= note.length) return refuse('format', 'The note is not a text, a blank line and signatures.')
  const lines = note.slice(at + 2, -1).split('\n')
  if (lines.length > SIGS_MAX) refuse('format', `The note has more than ${SIGS_MAX} signatures.`)
  const sigs = lines.map(sigFrom)
  if (new Set(sigs.map((s) => `${s.name} ${s.id}`)).size < sigs.length) refuse('format', 'The note has two signatures by one key.')
  return { text: note.slice(0, at + 1), sigs }
}

/* Strict: exactly the three lines that closegate signs. */
export function checkpointFrom(text: string): Checkpoint {
  const lines = text.split('\n')
  if (lines.length !== 4 || lines[3] !== '' || !lines[0]) return refuse('format', 'The checkpoint is not the three lines it must be.')
  return { origin: lines[0], size: wholeFrom(lines[1]!, 'The checkpoint’s size'), root: hashFrom(lines[2]!, 'The checkpoint’s root') }
}

async function ed25519Holds(key: NoteKey, message: Bytes, signature: Bytes): Promise<boolean> {
  const subtle = globalThis.crypto?.subtle
  if (!subtle) throw new CannotTell('This page was not loaded over https or from this machine, so the browser gives it no cryptography.')
  let imported: CryptoKey
  try {
    imported = await subtle.importKey('raw', key.publicKey, { name: 'Ed25519' }, false, ['verify'])
  } catch (e) {
    if ((e as Error).name === 'DataError') return false
    throw new CannotTell('This browser does not know Ed25519 signatures. A newer one does; so does closegate-verify.')
  }
  return subtle.verify({ name: 'Ed25519' }, imported, signature, message)
}

/* Whether that key has signed it. One of its signatures that is wrong is not outweighed by another:
 * the note was tampered with. */
export async function noteSigned(note: Note, key: NoteKey): Promise<boolean> {
  const of = note.sigs.filter((s) => s.name === key.name && s.id === key.id)
  for (const sig of of) {
    const good = sig.bytes.length === 64 && (await ed25519Holds(key, utf8(note.text, 'The note'), sig.bytes))
    if (!good) refuse('signature', `The signature by key ${key.id} is not that key’s over this text.`)
  }
  return of.length > 0
}

export function sameKey(a: NoteKey, b: NoteKey): boolean {
  return a.name === b.name && same(a.publicKey, b.publicKey)
}
