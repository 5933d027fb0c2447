import { describe, expect, it } from 'vitest'
import { absolute, addAmounts, compareAmounts, formatAmount, isZero } from '@/lib/money'

describe('amounts', () => {
  it('keep every digit they came with', () => {
    expect(formatAmount('90071992547409931234.5600', 'en-US')).toBe('90,071,992,547,409,931,234.5600')
    expect(formatAmount('5', 'en-US')).toBe('5')
  })
  it('follow the locale in grouping and decimal mark', () => {
    expect(formatAmount('1234567.80', 'de-DE')).toBe('1.234.567,80')
    expect(formatAmount('1234567.80', 'en-IN')).toBe('12,34,567.80')
  })
  it('have a real minus, and none on zero', () => {
    expect(formatAmount('-0.50', 'en-US')).toBe('\u22120.50')
    expect(formatAmount('-0.00', 'en-US')).toBe('0.00')
  })
  it('are shown as they are when they are none', () => {
    expect(formatAmount('1e9', 'en-US')).toBe('1e9')
    expect(formatAmount('<b>', 'en-US')).toBe('<b>')
  })
  it('compare by value, whatever their decimals', () => {
    expect(compareAmounts('10', '9.99')).toBe(1)
    expect(compareAmounts('-10', '9.99')).toBe(-1)
    expect(compareAmounts('-10', '-9.99')).toBe(-1)
    expect(compareAmounts('1.0', '1.00')).toBe(0)
    expect(compareAmounts('x', '1')).toBe(-1)
  })
  it('add up exactly', () => {
    expect(addAmounts(['0.10', '0.20', '-0.3'])).toBe('0.00')
    expect(addAmounts(['-1.5', '0.25'])).toBe('-1.25')
    expect(addAmounts([])).toBe('0')
  })
  it('lose their sign where it is said in words', () => {
    expect(absolute('-12.00')).toBe('12.00')
    expect(isZero('-0.00')).toBe(true)
    expect(isZero('0.01')).toBe(false)
  })
})
