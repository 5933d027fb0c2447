/* Bytes in and out of text, strictly: what has two spellings in a piece of evidence has none. */

/* Why a piece of evidence does not hold, as a class a program can tell and a sentence for people. */
export type Fault =
  | 'format'
  | 'event'
  | 'book'
  | 'inclusion'
  | 'consistency'
  | 'signature'
  | 'key'
  | 'retired'
  | 'chain'

export class Refusal extends Error {
  constructor(
    readonly what: Fault,
    message: string,
  ) {
    super(message)
    this.name = 'Refusal'
  }
}

/* This browser cannot compute what would be needed: neither a yes nor a no. */
export class CannotTell extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'CannotTell'
  }
}

export function refuse(what: Fault, message: string): never {
  throw new Refusal(what, message)
}

export type Bytes = Uint8Array<ArrayBuffer>

export const HASH_LEN = 32

export function concat(...parts: readonly Uint8Array[]): Bytes {
  const all = new Uint8Array(parts.reduce((n, p) => n + p.length, 0))
  let at = 0
  for (const p of parts) {
    all.set(p, at)
    at += p.length
  }
  return all
}

export function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i])
}

/* RFC 4648 section 4 with its padding, and no second spelling: the bits that stand for nothing are 0. */
const base64Shape = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

export function base64Of(bytes: Uint8Array): string {
  let binary = ''
  for (const b of bytes) binary += String.fromCharCode(b)
  return btoa(binary)
}

export function fromBase64(text: string, what: string): Bytes {
  if (!base64Shape.test(text)) refuse('format', `${what} is not base64.`)
  const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0))
  if (base64Of(bytes) !== text) refuse('format', `${what} is base64 that is not spelled as it must be.`)
  return bytes
}

export function hashFrom(text: string, what: string): Bytes {
  const bytes = fromBase64(text, what)
  if (bytes.length !== HASH_LEN) refuse('format', `${what} is ${bytes.length} bytes long, not ${HASH_LEN}.`)
  return bytes
}

export function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join('')
}

export function hashFromHex(text: string, what: string): Bytes {
  if (!/^[0-9a-f]{64}$/.test(text)) refuse('format', `${what} is not 64 hex digits (lower case).`)
  return Uint8Array.from({ length: HASH_LEN }, (_, i) => parseInt(text.slice(2 * i, 2 * i + 2), 16))
}

/* A lone surrogate has no UTF-8: encoded anyway it would be hashed as something else. */
export function utf8(text: string, what: string): Bytes {
  if (/\p{Surrogate}/u.test(text)) refuse('format', `${what} is not Unicode text.`)
  return new TextEncoder().encode(text) as Bytes
}

export function textOf(bytes: Uint8Array, what: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return refuse('format', `${what} is not UTF-8 text.`)
  }
}

/* Without leading zeroes, and exact as a number. */
export function wholeFrom(text: string, what: string): number {
  if (!/^(?:0|[1-9][0-9]{0,15})$/.test(text) || !Number.isSafeInteger(Number(text))) refuse('format', `${what} is not a whole number below 2^53.`)
  return Number(text)
}

export async function sha256(...parts: readonly Uint8Array[]): Promise<Bytes> {
  const subtle = globalThis.crypto?.subtle
  if (!subtle)
    throw new CannotTell('This page was not loaded over https or from this machine, so the browser gives it no cryptography.')
  return new Uint8Array(await subtle.digest('SHA-256', concat(...parts)))
}
