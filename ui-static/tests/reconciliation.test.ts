import { describe, expect, it } from 'vitest'
import { isUnderWay, type Position, type SideSums } from '@/api/books'
import { sha256Hex, sizeWords } from '@/lib/digest'
import { matchedShare, pairSides, statementDay } from '@/screens/reconciliation/views'

function side(which: 'bank' | 'gl', counts: [number, number, number, number], change: Partial<SideSums> = {}): SideSums {
  const [confirmed, proposed, exception, unmatched] = counts.map((count) => ({ count, sum: '0.00' })) as [never, never, never, never]
  return { account_id: '1010', reconciled: true, side: which, currency: 'USD', confirmed, proposed, exception, unmatched, ...change }
}

describe('accounts', () => {
  it('are one row for both sides, and one for each currency', () => {
    const rows = pairSides([side('bank', [1, 0, 0, 0]), side('gl', [1, 0, 0, 0]), side('bank', [0, 0, 0, 2], { currency: 'EUR' })])
    expect(rows.map((r) => [r.account, r.currency, !!r.bank, !!r.books])).toEqual([
      ['1010', 'USD', true, true],
      ['1010', 'EUR', true, false],
    ])
  })
  it('are never all matched while one line is not', () => {
    expect(matchedShare({ account: '1', currency: 'USD', bank: side('bank', [999, 0, 0, 0]), books: side('gl', [999, 0, 1, 0]) })).toBe(99)
    expect(matchedShare({ account: '1', currency: 'USD', bank: side('bank', [5, 0, 0, 0]) })).toBe(100)
    expect(matchedShare({ account: '1', currency: 'USD', bank: side('bank', [0, 0, 0, 0]) })).toBeNull()
  })
})

describe('the day of a statement', () => {
  const position = { bank: { basis: 'carried', from_date: '2026-03-27' } } as Position
  it('is the last of the period that is looked at', () => {
    expect(statementDay('2026-02', position, '2026-11-21')).toBe('2026-02-28')
    expect(statementDay('2024-02', undefined, '2026-11-21')).toBe('2024-02-29')
    expect(statementDay('2026-12', undefined, '2026-11-21')).toBe('2026-12-31')
  })
  it('is the day of the last balance of the bank, or today', () => {
    expect(statementDay('', position, '2026-11-21')).toBe('2026-03-27')
    expect(statementDay('', undefined, '2026-11-21')).toBe('2026-11-21')
  })
})

describe('runs', () => {
  it('are under way until they have ended', () => {
    const states = ['QUEUED', 'RUNNING', 'WAITING_HUMAN', 'SUCCEEDED', 'FAILED', 'CANCELLED']
    expect(states.map((state) => isUnderWay({ state }))).toEqual([true, true, true, false, false, false])
  })
})

describe('evidence', () => {
  it('is known by the digest that everybody else computes', async () => {
    expect(await sha256Hex(new TextEncoder().encode('abc'))).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
  })
  it('has its size in words', () => {
    expect([1, 999, 1000, 1_234_567, 5e12].map(sizeWords)).toEqual(['1 B', '999 B', '1.0 kB', '1.2 MB', '5000.0 GB'])
  })
})
