import { describe, expect, it } from 'vitest'
import { touched, unattended } from '@/lib/attended'

describe('a page', () => {
  it('is attended for a minute after somebody touched it', () => {
    touched(1_000_000)
    expect(unattended(1_060_000)).toBe(false)
    expect(unattended(1_060_001)).toBe(true)
  })
  it('is attended again with the next touch', () => {
    touched(2_000_000)
    expect(unattended(2_000_001)).toBe(false)
  })
})
