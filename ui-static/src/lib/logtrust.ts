/* What this browser remembers of a log: the key it first saw or was told to believe, and the newest
 * head it has verified. Nobody but the person at this browser may change either, so what the server
 * says later is held against it. */
import { answerOf, chainFrom, keyFrom, keysOf, trustFrom, type Answer, type NoteKey, type TrustedKey } from './evidence'

export interface KeptHead {
  size: number
  /* base64 */
  root: string
  at: string
}

export interface Kept {
  vkey: string
  /* when this browser first saw it */
  since: string
  /* when somebody here said to have compared it; absent: nobody has */
  compared?: string
  head?: KeptHead
}

const STORED = 'closegate.log.'

/* Storage may be forbidden: then this visit is all that is remembered. */
const visit = new Map<string, string>()

function read(key: string): string | null {
  try {
    return localStorage.getItem(key) ?? visit.get(key) ?? null
  } catch {
    return visit.get(key) ?? null
  }
}

export function kept(origin: string): Kept | undefined {
  try {
    const k = JSON.parse(read(STORED + origin) ?? 'null') as Kept | null
    return typeof k?.vkey === 'string' ? k : undefined
  } catch {
    return undefined
  }
}

function keep(origin: string, k: Kept): void {
  const text = JSON.stringify(k)
  visit.set(STORED + origin, text)
  try {
    localStorage.setItem(STORED + origin, text)
  } catch {
    /* this visit remembers it */
  }
}

/* Somebody has compared it with what they were given elsewhere. The head that was verified stays: a
 * new key signs the same log. */
export function compared(origin: string, vkey: string, at = new Date().toISOString()): void {
  const k = kept(origin)
  keep(origin, k?.vkey === vkey ? { ...k, compared: at } : { vkey, since: at, compared: at, head: k?.head })
}

/* What was known of it counts no more, by the word of the person here. */
export function forget(origin: string): void {
  visit.delete(STORED + origin)
  try {
    localStorage.removeItem(STORED + origin)
  } catch {
    /* there was none */
  }
}

/* Only forward: another window may have seen more. */
export function keepHead(origin: string, head: KeptHead): void {
  const k = kept(origin)
  if (k && (k.head?.size ?? 0) <= head.size) keep(origin, { ...k, head })
}

export interface LogTrust {
  origin: string
  /* What receipts are held against; none: nothing can be verified. */
  keys: TrustedKey[]
  /* The key that signs now, as the server says. */
  now?: NoteKey
  /* The key this browser goes by. */
  ours?: NoteKey
  compared?: string
  since?: string
  /* It is another than ours, and ours has signed that it follows. */
  followed?: boolean
  /* Why what the server says of its keys is not believed. */
  trouble?: string
}

async function known(origin: string, k: Kept, statements: readonly string[]): Promise<LogTrust> {
  const ours = await keyFrom(k.vkey)
  const base = { origin, ours, compared: k.compared, since: k.since, keys: [{ key: ours, from: 0 }] }
  if (statements.length === 0) return { ...base, trouble: `The server says that this log has no key. This browser knows ${ours.id}.` }
  const chain = await answerOf(() => chainFrom(statements))
  if (chain.state === 'unknown') return { ...base, keys: [] }
  if (chain.state === 'refused') return { ...base, trouble: chain.words }
  const now = chain.found.at(-1)?.key
  const all = await answerOf(() => trustFrom(ours, statements))
  if (all.state !== 'verified')
    return { ...base, now, trouble: `The server’s key is ${now?.id}. This browser knows ${ours.id}, and no statement signed by both says that one follows the other.` }
  return { ...base, now, keys: all.found, followed: now !== undefined && now.vkey !== ours.vkey }
}

/* What the server says of its keys, held against what this browser knew. The first key seen is
 * remembered, and counts until somebody has compared it as no more than the server's word. */
export async function judgeKeys(origin: string, statements: readonly string[]): Promise<Answer<LogTrust>> {
  return answerOf(async () => {
    const k = kept(origin)
    if (k) return known(origin, k, statements)
    const chain = await chainFrom(statements)
    const now = chain.at(-1)?.key
    if (!now) return { origin, keys: [] }
    if (now.name !== origin) return { origin, keys: [], now, trouble: `The server’s key is that of another log: ${now.name}.` }
    const since = new Date().toISOString()
    keep(origin, { vkey: now.vkey, since })
    return { origin, keys: keysOf(chain), now, ours: now, since }
  })
}
