import { describe, expect, it } from 'vitest'
import type { Exception } from '@/api/books'
import { bucketOf, classWords, countBy, fits, outcomeWords, type Filter } from '@/lib/exceptions'

const none: Filter = { entity: '', account: '', class: '', state: '', age: '', who: '', q: '' }

function exception(change: Partial<Exception> = {}): Exception {
  return {
    exception_id: 'exc_1',
    class: 'FEE',
    state: 'OPEN',
    version: 1,
    listed_at: '2026-03-31T10:00:00Z',
    open_days: 0,
    age_days: 12,
    entity_id: 'acme-us',
    account_id: '1010',
    entry_id: 'bank:OP-1',
    side: 'bank',
    date: '2026-03-19',
    amount: '-35.00',
    open_amount: '-35.00',
    currency: 'USD',
    counterparty: null,
    memo: 'Monthly Service FEE',
    ...change,
  }
}

describe('the list of exceptions', () => {
  it('puts each age into one bucket, edges included', () => {
    expect([0, 30, 31, 60, 61, 90, 91, 120, 121, 4000].map(bucketOf)).toEqual([
      '0-30',
      '0-30',
      '31-60',
      '31-60',
      '61-90',
      '61-90',
      '91-120',
      '91-120',
      '121+',
      '121+',
    ])
  })
  it('takes a line dated in the future for a young one', () => {
    expect(bucketOf(-3)).toBe('0-30')
  })
  it('shows everything when nothing is asked', () => {
    expect(fits(exception(), none, 'prn_me')).toBe(true)
  })
  it('finds every word of the text, wherever it stands, whatever its case', () => {
    expect(fits(exception(), { ...none, q: ' fee monthly ' }, '')).toBe(true)
    expect(fits(exception(), { ...none, q: 'monthly rent' }, '')).toBe(false)
    expect(fits(exception(), { ...none, q: '-35.0' }, '')).toBe(true)
  })
  it('knows mine from somebody’s and nobody’s', () => {
    const mine = exception({ assignee: 'prn_me' })
    const role = exception({ assignee: 'role:accountant' })
    expect([mine, role, exception()].map((e) => fits(e, { ...none, who: 'me' }, 'prn_me'))).toEqual([true, false, false])
    expect([mine, role, exception()].map((e) => fits(e, { ...none, who: 'nobody' }, 'prn_me'))).toEqual([false, false, true])
    expect([mine, role, exception()].map((e) => fits(e, { ...none, who: 'role:accountant' }, 'prn_me'))).toEqual([false, true, false])
  })
  it('counts a chip as if its own part were not narrowed', () => {
    const filter = { ...none, class: 'TIMING', account: '1010' }
    expect(fits(exception(), filter, '')).toBe(false)
    expect(fits(exception(), filter, '', 'class')).toBe(true)
    expect(fits(exception({ account_id: '1030' }), filter, '', 'class')).toBe(false)
  })
  it('counts by what it is asked for', () => {
    expect([...countBy([exception(), exception(), exception({ class: 'TIMING' })], (e) => e.class)]).toEqual([
      ['FEE', 2],
      ['TIMING', 1],
    ])
  })
  it('says classes and outcomes in words, also such as it has not met', () => {
    expect(classWords('MISSING_GL')).toBe('Not in the books')
    expect(classWords('SOMETHING_NEW')).toBe('something new')
    expect(outcomeWords('write_off')).toBe('Write off')
  })
})
