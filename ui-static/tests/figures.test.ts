import { describe, expect, it } from 'vitest'
import { axisEnd, barsOf, duration, exceptionBuckets, happened, percent, periodWords, stacked, timeUnit, waitingBuckets } from '@/screens/home/figures'
import { hasEntries } from '@/screens/home/first'

describe('bars by age', () => {
  it('keeps the buckets that are empty, and begins at zero', () => {
    const bars = barsOf({ '0-30': 3, '121+': 6 }, exceptionBuckets)
    expect(bars.map((b) => b.n)).toEqual([3, 0, 0, 0, 6])
    expect(bars.map((b) => b.length)).toEqual([0.5, 0, 0, 0, 1])
  })
  it('draws nothing where nothing is', () => {
    expect(barsOf({}, waitingBuckets).every((b) => b.length === 0)).toBe(true)
  })
})

describe('a duration in words', () => {
  it('is exact while that matters and round when it does not', () => {
    expect(duration(0)).toBe('0 s')
    expect(duration(59.6)).toBe('1 min')
    expect(duration(95)).toBe('1 min 35 s')
    expect(duration(600)).toBe('10 min')
    expect(duration(3600)).toBe('1 h')
    expect(duration(4800)).toBe('1 h 20 min')
    expect(duration(187200)).toBe('2 d 4 h')
    expect(duration(-5)).toBe('0 s')
  })
  it('gets the unit of an axis from the longest', () => {
    expect(timeUnit(90).name).toBe('seconds')
    expect(timeUnit(600).name).toBe('minutes')
    expect(timeUnit(30000).name).toBe('hours')
    expect(timeUnit(400000).name).toBe('days')
  })
})

describe('a share', () => {
  it('is not said to be all or nothing unless it is', () => {
    expect(percent(10000)).toBe('100%')
    expect(percent(9999)).toBe('>99.9%')
    expect(percent(8076)).toBe('80.8%')
    expect(percent(5000)).toBe('50%')
    expect(percent(5)).toBe('<0.1%')
    expect(percent(0)).toBe('0%')
  })
})

describe('stacked bars', () => {
  it('end where the sum of their parts ends', () => {
    expect(stacked([[1, 2], [3, null], [0, 5]])).toEqual([[1, 2], [4, 2], [4, 7]])
  })
})

describe('the end of an axis', () => {
  it('is round, never below the greatest value, and not a fraction of a match', () => {
    expect(axisEnd(0)).toBe(4)
    expect(axisEnd(1)).toBe(4)
    expect(axisEnd(34)).toBe(40)
    expect(axisEnd(40)).toBe(40)
    expect(axisEnd(41)).toBe(50)
    expect(axisEnd(8.15, false)).toBe(10)
    for (let n = 1; n < 2000; n += 7) expect(axisEnd(n)).toBeGreaterThanOrEqual(n)
  })
})

describe('what a day has', () => {
  const none = { day: '2026-11-20', confirmed_by_policy: 0, confirmed_by_people: 0, rejected: 0, auto_share_bp: null, escalations_opened: 0, escalations_settled: 0 }
  it('counts also when something was only asked', () => {
    expect(happened(none)).toBe(false)
    expect(happened({ ...none, escalations_opened: 1 })).toBe(true)
  })
  it('has its cap in words', () => {
    expect(periodWords('month')).toBe('this month')
    expect(periodWords('fortnight')).toBe('per fortnight')
  })
})

describe('a book', () => {
  const entity = { entity_id: 'e', name: 'E', matches: { proposed: 0 }, exceptions: {}, exception_states: {} }
  const book = { book_id: 'b', policy_version: 'v' }
  it('is empty without entities, and with entities without lines', () => {
    expect(hasEntries({ ...book, entities: [] })).toBe(false)
    expect(hasEntries({ ...book, entities: [{ ...entity, entries: [{ unmatched: { count: 0 } }] }] })).toBe(false)
  })
  it('is not empty when a line waits to be matched', () => {
    expect(hasEntries({ ...book, entities: [{ ...entity, entries: [{ unmatched: { count: 1 } }] }] })).toBe(true)
    expect(hasEntries({ ...book, entities: [{ ...entity, matches: { confirmed: 2 } }] })).toBe(true)
  })
})
