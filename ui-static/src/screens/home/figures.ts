/* The engine's counts as things that can be drawn and said. */
import type { DayFlow } from '@/api/stats'

export interface Bucket {
  key: string
  words: string
  /* at least so many hours (what waits) or days (exceptions) old */
  from: number
}

export const waitingBuckets: readonly Bucket[] = [
  { key: '0-4h', words: 'under 4 h', from: 0 },
  { key: '4-24h', words: '4 to 24 h', from: 4 },
  { key: '1-3d', words: '1 to 3 days', from: 24 },
  { key: '3-7d', words: '3 to 7 days', from: 72 },
  { key: '7d+', words: 'over a week', from: 168 },
]

export const exceptionBuckets: readonly Bucket[] = [
  { key: '0-30', words: '0 to 30 days', from: 0 },
  { key: '31-60', words: '31 to 60 days', from: 31 },
  { key: '61-90', words: '61 to 90 days', from: 61 },
  { key: '91-120', words: '91 to 120 days', from: 91 },
  { key: '121+', words: 'over 120 days', from: 121 },
]

export interface Bar extends Bucket {
  n: number
  /* of the longest bar, 0 to 1 */
  length: number
}

/* Every bucket is there, also an empty one; lengths begin at zero. */
export function barsOf(byAge: Record<string, number>, buckets: readonly Bucket[]): Bar[] {
  const most = Math.max(1, ...buckets.map((b) => byAge[b.key] ?? 0))
  return buckets.map((b) => ({ ...b, n: byAge[b.key] ?? 0, length: (byAge[b.key] ?? 0) / most }))
}

/* "45 s", "3 min", "1 h 20 min", "2 d 4 h". */
export function duration(seconds: number): string {
  const s = Math.max(0, Math.round(seconds))
  if (s < 60) return `${s} s`
  const pair = (n: number, unit: string, rest: number, small: string) => (rest > 0 ? `${n} ${unit} ${rest} ${small}` : `${n} ${unit}`)
  const minutes = Math.round(s / 60)
  if (minutes < 60) return s < 600 ? pair(Math.floor(s / 60), 'min', s % 60, 's') : `${minutes} min`
  if (minutes < 48 * 60) return pair(Math.floor(minutes / 60), 'h', minutes % 60, 'min')
  const hours = Math.round(s / 3600)
  return pair(Math.floor(hours / 24), 'd', hours % 24, 'h')
}

/* In hundredths of a percent. Less than everything is never said to be 100 %. */
export function percent(bp: number): string {
  if (bp > 0 && bp < 10) return '<0.1%'
  if (bp > 9990 && bp < 10000) return '>99.9%'
  const tenths = Math.round(bp / 10)
  return tenths % 10 === 0 ? `${tenths / 10}%` : `${(tenths / 10).toFixed(1)}%`
}

export interface TimeUnit {
  seconds: number
  name: string
}

/* The unit in which the longest time is a number one can read on an axis. */
export function timeUnit(mostSeconds: number): TimeUnit {
  if (mostSeconds < 120) return { seconds: 1, name: 'seconds' }
  if (mostSeconds < 7200) return { seconds: 60, name: 'minutes' }
  if (mostSeconds < 172800) return { seconds: 3600, name: 'hours' }
  return { seconds: 86400, name: 'days' }
}

/* Where each part of a bar ends: parts are drawn from the top one down. */
export function stacked(parts: readonly (readonly (number | null)[])[]): number[][] {
  const sums: number[][] = []
  parts.forEach((part, i) => {
    sums.push(part.map((v, day) => (sums[i - 1]?.[day] ?? 0) + (v ?? 0)))
  })
  return sums
}

/* The end of an axis that begins at zero: a round number not below the greatest value, and whole
 * steps where counts are drawn. */
export function axisEnd(most: number, whole = true): number {
  if (most <= 0) return whole ? 4 : 1
  const power = 10 ** Math.floor(Math.log10(most))
  const step = [1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10].find((f) => f * power >= most - 1e-9)!
  const end = step * power
  return whole ? Math.max(4, Math.ceil(end)) : end
}

export function happened(d: DayFlow): boolean {
  return d.confirmed_by_policy + d.confirmed_by_people + d.rejected + d.escalations_opened + d.escalations_settled > 0
}

/* "2026-11" and the like of a cap's period, for people. */
export function periodWords(period: string): string {
  return ({ day: 'today', week: 'this week', month: 'this month', quarter: 'this quarter', year: 'this year' } as Record<string, string>)[period] ?? `per ${period}`
}
