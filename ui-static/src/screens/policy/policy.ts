/* Finding a verdict's pointer in the policy's text. */
import type { Policy } from '@/api/types'

export interface Line {
  number: number
  text: string
  comment: boolean
}

export function linesOf(text: string): Line[] {
  return text
    .replace(/\n$/, '')
    .split('\n')
    .map((t, i) => ({ number: i + 1, text: t, comment: /^\s*#/.test(t) }))
}

/* The line a pointer stands on; 0 when it is not in this policy. A verdict may point at a rule whose
 * clause stands inside it, or at a key without one: then the first key of that name on its way. */
export function placeOf(policy: Policy | undefined, pointer: string): number {
  if (!policy || !pointer) return 0
  const exact = policy.clauses.find((c) => c.pointer === pointer)
  const inside = policy.clauses.find((c) => c.pointer.startsWith(pointer + '/'))
  if (exact || inside) return (exact ?? inside)!.line
  const keys = pointer.split('/').filter((p) => p && !/^\d+$/.test(p))
  const lines = linesOf(policy.text)
  let at = 0
  for (const key of keys) {
    const name = key.replace(/~1/g, '/').replace(/~0/g, '~')
    const found = lines.findIndex((l, i) => i >= at && !l.comment && new RegExp(`^\\s*(- )?["']?${escaped(name)}["']?\\s*:`).test(l.text))
    if (found < 0) return 0
    at = found
  }
  return keys.length > 0 ? at + 1 : 0
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
}
