/* What changed in a tool's definition: both as lines, with what went and what came. */
export interface DiffLine {
  how: 'same' | 'gone' | 'new'
  text: string
}

/* Members in one order, so that only what differs shows. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([k, v]) => [k, sorted(v)]))
}

export function linesOf(value: unknown): string[] {
  return value === undefined || value === null ? [] : JSON.stringify(sorted(value), null, 2).split('\n')
}

/* Above this the table of the longest common lines is too large; then all of both is shown. */
const CELLS_MAX = 4_000_000

function common(a: readonly string[], b: readonly string[]): Uint16Array[] {
  const best = Array.from({ length: a.length + 1 }, () => new Uint16Array(b.length + 1))
  for (let i = a.length - 1; i >= 0; i--)
    for (let k = b.length - 1; k >= 0; k--)
      best[i]![k] = a[i] === b[k] ? best[i + 1]![k + 1]! + 1 : Math.max(best[i + 1]![k]!, best[i]![k + 1]!)
  return best
}

export function diffOf(before: unknown, after: unknown): DiffLine[] {
  const a = linesOf(before)
  const b = linesOf(after)
  const list: DiffLine[] = []
  const best = a.length * b.length <= CELLS_MAX ? common(a, b) : null
  let i = 0
  let k = 0
  while (best && i < a.length && k < b.length) {
    if (a[i] === b[k]) {
      list.push({ how: 'same', text: a[i++]! })
      k++
    } else if (best[i + 1]![k]! >= best[i]![k + 1]!) list.push({ how: 'gone', text: a[i++]! })
    else list.push({ how: 'new', text: b[k++]! })
  }
  while (i < a.length) list.push({ how: 'gone', text: a[i++]! })
  while (k < b.length) list.push({ how: 'new', text: b[k++]! })
  return list
}

/* What differs with a few lines around it; a number stands for how many are left out. */
export function around(list: readonly DiffLine[], context = 3): (DiffLine | number)[] {
  const near = list.map((_, i) => list.slice(Math.max(0, i - context), i + context + 1).some((l) => l.how !== 'same'))
  const out: (DiffLine | number)[] = []
  list.forEach((l, i) => {
    if (near[i]) out.push(l)
    else if (typeof out.at(-1) === 'number') out[out.length - 1] = (out.at(-1) as number) + 1
    else out.push(1)
  })
  return out
}
