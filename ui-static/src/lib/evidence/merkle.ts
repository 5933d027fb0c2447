/* The tree of RFC 6962 2.1 and RFC 9162 2.1: leaves are hashed with 0x00 before them, nodes with 0x01,
 * so that neither can be given out for the other. */
import { same, sha256, type Bytes } from './bytes'

const LEAF = Uint8Array.of(0)
const NODE = Uint8Array.of(1)
/* A tree of 2^53 leaves is no deeper. */
export const PROOF_MAX = 64

export function leafHash(data: Uint8Array): Promise<Bytes> {
  return sha256(LEAF, data)
}

export function nodeHash(left: Uint8Array, right: Uint8Array): Promise<Bytes> {
  return sha256(NODE, left, right)
}

/* Sizes may pass 2^32, where the operators on bits end. */
const half = (n: number) => Math.floor(n / 2)
const odd = (n: number) => n % 2 === 1

/* RFC 9162 2.1.3.2. */
export async function inclusionHolds(
  leaf: Uint8Array,
  index: number,
  size: number,
  proof: readonly Uint8Array[],
  root: Uint8Array,
): Promise<boolean> {
  if (index >= size) return false
  let fn = index
  let sn = size - 1
  let r: Uint8Array = leaf
  for (const p of proof) {
    if (sn === 0) return false
    if (odd(fn) || fn === sn) {
      r = await nodeHash(p, r)
      while (!odd(fn) && fn !== 0) {
        fn = half(fn)
        sn = half(sn)
      }
    } else r = await nodeHash(r, p)
    fn = half(fn)
    sn = half(sn)
  }
  return sn === 0 && same(r, root)
}

/* RFC 9162 2.1.4.2: the tree of `to` begins with that of `from`. Of equal sizes, and after nothing at
 * all, there is nothing to prove, and a proof that says something is none. */
export async function consistencyHolds(
  from: number,
  fromRoot: Uint8Array,
  to: number,
  toRoot: Uint8Array,
  proof: readonly Uint8Array[],
): Promise<boolean> {
  if (from > to) return false
  if (from === to) return proof.length === 0 && same(fromRoot, toRoot)
  if (from === 0) return proof.length === 0 && same(fromRoot, await sha256())
  if (proof.length === 0) return false
  let fn = from - 1
  let sn = to - 1
  while (odd(fn)) {
    fn = half(fn)
    sn = half(sn)
  }
  // a complete subtree's own root needs no telling
  const path = fn === 0 ? [fromRoot, ...proof] : [...proof]
  let fr = path[0]!
  let sr = path[0]!
  for (const c of path.slice(1)) {
    if (sn === 0) return false
    if (odd(fn) || fn === sn) {
      fr = await nodeHash(c, fr)
      sr = await nodeHash(c, sr)
      while (!odd(fn) && fn !== 0) {
        fn = half(fn)
        sn = half(sn)
      }
    } else sr = await nodeHash(sr, c)
    fn = half(fn)
    sn = half(sn)
  }
  return sn === 0 && same(fr, fromRoot) && same(sr, toRoot)
}
