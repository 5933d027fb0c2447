/* JSON of evidence: an object with exactly the members it should have, each once. JSON.parse takes
 * the last of twins where another reader takes the first, and then two verifiers read two receipts. */
import { refuse } from './bytes'

const token = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g

/* Of a text that JSON.parse takes: whether any object names a member twice. */
export function hasTwins(text: string): boolean {
  const open: (Set<string> | null)[] = []
  let before = ''
  for (const [t] of text.matchAll(token)) {
    if (t === '{') open.push(new Set())
    else if (t === '[') open.push(null)
    else if (t === '}' || t === ']') open.pop()
    else if (t === ':') {
      const name = JSON.parse(before) as string
      const names = open.at(-1)!
      if (names?.has(name)) return true
      names?.add(name)
    }
    before = t
  }
  return false
}

/* RFC 8785, which is what JSON.stringify does with its members in order of their UTF-16. */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const o = value as Record<string, unknown>
  return `{${Object.keys(o)
    .sort()
    .map((k) => `${JSON.stringify(k)}:${canonical(o[k])}`)
    .join(',')}}`
}

export function objectFrom(text: string, what: string): Record<string, unknown> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return refuse('format', `${what} is not JSON.`)
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return refuse('format', `${what} is not a JSON object.`)
  if (hasTwins(text)) return refuse('format', `${what} names a member twice.`)
  return value as Record<string, unknown>
}

export function onlyMembers(o: Record<string, unknown>, names: readonly string[], what: string): void {
  const odd = Object.keys(o).find((k) => !names.includes(k))
  if (odd !== undefined) refuse('format', `${what} has a member that is not of this format: ${odd.slice(0, 40)}.`)
}

export function textMember(o: Record<string, unknown>, name: string, what: string): string {
  const v = o[name]
  return typeof v === 'string' ? v : refuse('format', `${what} has no text "${name}".`)
}
