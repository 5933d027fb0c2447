/* Whose word a checkpoint is. Trust begins with one key that the reader was given by somebody; what
 * was signed by that key and its successor (or predecessor) together extends it, and nothing else. */
import { refuse, wholeFrom } from './bytes'
import { objectFrom, onlyMembers } from './json'
import { keyFrom, noteFrom, noteSigned, sameKey, type NoteKey } from './note'

/* Signs the checkpoints of sizes `from` up to, but not, `until`. */
export interface TrustedKey {
  key: NoteKey
  from: number
  until?: number
}

export interface KeyStatement {
  origin: string
  /* the event that told of it: the first that the new key covers */
  from: number
  before: NoteKey | null
  key: NoteKey
}

const shape = /^closegate-log-key\/1\n([^\n]+)\nfrom ([^\n]+)\nold ([^\n]+)\nnew ([^\n]+)\n$/

export async function statementFrom(bytes: string): Promise<KeyStatement> {
  const note = noteFrom(bytes)
  const m = shape.exec(note.text)
  if (!m) return refuse('chain', 'A statement of the key chain is not one of a log’s key.')
  const [, origin, from, old, now] = m as unknown as [string, string, string, string, string]
  const key = await keyFrom(now)
  const signers = old === '-' ? 1 : 2
  if (note.sigs.length !== signers) refuse('chain', `The statement about key ${key.id} has ${note.sigs.length} signatures, not ${signers}.`)
  const before = old === '-' ? null : await keyFrom(old)
  if (key.name !== origin || (before && before.name !== origin)) refuse('chain', 'A statement of the key chain is about keys of another log.')
  if (!(await noteSigned(note, key))) refuse('chain', `The statement about key ${key.id} is not signed by it.`)
  if (before && !(await noteSigned(note, before)))
    refuse('chain', `Key ${key.id} says that it follows ${before.id}, and ${before.id} has not signed that.`)
  const first = wholeFrom(from, 'A statement’s first event')
  return first > 0 ? { origin, from: first, before, key } : refuse('chain', 'A statement of the key chain begins at no event.')
}

function follows(s: KeyStatement, before: KeyStatement): boolean {
  return s.origin === before.origin && s.before !== null && sameKey(s.before, before.key) && s.from > before.from
}

/* The statements make one line without a fork: of two successors that one key signed for, nobody
 * outside could say which is the log's. */
export async function chainFrom(statements: readonly string[]): Promise<KeyStatement[]> {
  const all = await Promise.all([...new Set(statements)].map(statementFrom))
  const chain: KeyStatement[] = []
  for (const s of all.sort((a, b) => a.from - b.from)) {
    const last = chain.at(-1)
    if (last && !follows(s, last)) refuse('chain', `The statement about key ${s.key.id} does not follow the one before it.`)
    if (chain.some((c) => sameKey(c.key, s.key) || (c.before && sameKey(c.before, s.key)))) refuse('chain', `Key ${s.key.id} comes back after it was followed by another.`)
    chain.push(s)
  }
  return chain
}

/* Every key of the chain, with the sizes it signs. */
export function keysOf(chain: readonly KeyStatement[]): TrustedKey[] {
  const first = chain[0]
  const rows = chain.map((s, i) => ({ key: s.key, from: s.from, until: chain[i + 1]?.from }))
  return first?.before ? [{ key: first.before, from: 0, until: first.from }, ...rows] : rows
}

/* What follows from one key that is trusted: that key alone, or all of a chain that it is part of. */
export async function trustFrom(given: NoteKey, statements: readonly string[] = []): Promise<TrustedKey[]> {
  if (statements.length === 0) return [{ key: given, from: 0 }]
  const keys = keysOf(await chainFrom(statements))
  if (!keys.some((k) => sameKey(k.key, given))) refuse('chain', `Key ${given.id} has no place in this key chain.`)
  return keys
}

const CHAIN_MAX = 128 // keys of one log, as everybody who follows it has it

/* The file that `closegate-engine keys export --chain` writes. */
export function chainFile(text: string): string[] {
  const o = objectFrom(text, 'The key chain')
  onlyMembers(o, ['format', 'statements'], 'The key chain')
  if (o.format !== 'closegate-key-chain/1') refuse('format', 'This is no key chain of closegate.')
  const list = o.statements
  if (!Array.isArray(list) || !list.every((s) => typeof s === 'string')) return refuse('format', 'The key chain has no list of statements.')
  if (list.length > CHAIN_MAX) refuse('format', `The key chain has more than ${CHAIN_MAX} statements.`)
  return list as string[]
}
