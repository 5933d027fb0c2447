/* Amounts are decimal texts and stay that: nothing here makes a binary fraction of them. */
const decimal = /^(-?)(\d+)(?:\.(\d+))?$/

interface Parts {
  negative: boolean
  whole: bigint
  fraction: string
}

function parse(text: string): Parts | null {
  const m = decimal.exec(text)
  if (!m) return null
  return { negative: m[1] === '-', whole: BigInt(m[2]!), fraction: m[3] ?? '' }
}

/* A formatter costs more to make than a row to draw. */
const groupings = new Map<string, Intl.NumberFormat>()

function groupingOf(locale: string): Intl.NumberFormat {
  let f = groupings.get(locale)
  if (!f) groupings.set(locale, (f = new Intl.NumberFormat(locale, { numberingSystem: 'latn' })))
  return f
}

const separators = new Map<string, string>()

/* What stands between whole and fraction in this locale. */
function separatorOf(locale: string): string {
  let s = separators.get(locale)
  if (s === undefined) {
    const parts = groupingOf(locale).formatToParts(1.5)
    s = parts.find((p) => p.type === 'decimal')?.value ?? '.'
    separators.set(locale, s)
  }
  return s
}

export function userLocale(): string {
  return typeof navigator === 'undefined' ? 'en' : navigator.language || 'en'
}

/* The text with the locale's grouping and separator and a real minus, digit for digit. What is no
 * decimal number is given back as it is. */
export function formatAmount(text: string, locale = userLocale()): string {
  const p = parse(text)
  if (!p) return text
  const whole = groupingOf(locale).format(p.whole)
  const zero = p.whole === 0n && /^0*$/.test(p.fraction)
  return (p.negative && !zero ? '\u2212' : '') + whole + (p.fraction === '' ? '' : separatorOf(locale) + p.fraction)
}

function scaled(p: Parts, digits: number): bigint {
  const n = BigInt(p.whole.toString() + p.fraction.padEnd(digits, '0'))
  return p.negative ? -n : n
}

/* Negative, zero or positive as for sort(); what is no number comes first. */
export function compareAmounts(a: string, b: string): number {
  const x = parse(a)
  const y = parse(b)
  if (!x || !y) return (x ? 1 : 0) - (y ? 1 : 0)
  const digits = Math.max(x.fraction.length, y.fraction.length)
  const d = scaled(x, digits) - scaled(y, digits)
  return d < 0n ? -1 : d > 0n ? 1 : 0
}

/* The exact sum, with as many places as the longest has. */
export function addAmounts(list: readonly string[]): string {
  const parts = list.map(parse).filter((p): p is Parts => p !== null)
  const digits = parts.reduce((n, p) => Math.max(n, p.fraction.length), 0)
  const sum = parts.reduce((n, p) => n + scaled(p, digits), 0n)
  const text = (sum < 0n ? -sum : sum).toString().padStart(digits + 1, '0')
  const cut = text.length - digits
  return (sum < 0n ? '-' : '') + text.slice(0, cut) + (digits > 0 ? '.' + text.slice(cut) : '')
}

export function isZero(text: string): boolean {
  return /^-?0*(\.0*)?$/.test(text)
}

/* Without its sign. */
export function absolute(text: string): string {
  return text.startsWith('-') ? text.slice(1) : text
}
