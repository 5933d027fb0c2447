import { describe, expect, it } from 'vitest'
import { csv } from '@/lib/csv'

describe('a table as a file', () => {
  it('quotes what needs it', () => {
    expect(csv(['a', 'b'], [['x,y', 'he said "no"']])).toBe('a,b\r\n"x,y","he said ""no"""\r\n')
  })
  it('runs no formula of a payee', () => {
    expect(csv(['memo'], [['=HYPERLINK("x")'], ['@SUM(A1)'], ['+1'], ['\t=1']])).toBe(
      'memo\r\n"\'=HYPERLINK(""x"")"\r\n\'@SUM(A1)\r\n\'+1\r\n\'\t=1\r\n',
    )
  })
  it('leaves amounts as amounts, and nothing as nothing', () => {
    expect(csv(['amount', 'memo'], [['-87432.10', null]])).toBe('amount,memo\r\n-87432.10,\r\n')
  })
})
