import { describe, expect, it } from 'vitest'
import { ago, fullInstant, shortInstant, span } from '@/lib/instant'

const o = { locale: 'en-GB', now: new Date('2026-06-03T12:00:00Z') }

describe('times', () => {
  it('of the books are days and never shift with the zone', () => {
    expect(shortInstant('2026-03-03', { ...o, zone: 'America/Los_Angeles' })).toBe('3 Mar')
    expect(shortInstant('2025-12-31', { ...o, zone: 'Pacific/Kiritimati' })).toBe('31 Dec 2025')
  })
  it('stand in the zone of whoever reads', () => {
    expect(shortInstant('2026-03-03T23:30:00Z', { ...o, zone: 'Asia/Tokyo' })).toBe('4 Mar')
    expect(shortInstant('2026-03-03T23:30:00Z', { ...o, zone: 'Asia/Tokyo', time: true })).toBe('4 Mar, 08:30')
  })
  it('say UTC beside the zone, and once when they are the same', () => {
    const tokyo = fullInstant('2026-03-03T23:30:05Z', { ...o, zone: 'Asia/Tokyo' })
    expect(tokyo).toContain('4 Mar 2026, 08:30:05')
    expect(tokyo).toContain('3 Mar 2026, 23:30:05 UTC')
    expect(fullInstant('2026-03-03T23:30:05Z', { ...o, zone: 'UTC' }).match(/UTC/g)).toHaveLength(1)
  })
  it('that are none are shown as they came', () => {
    expect(shortInstant('soon', o)).toBe('soon')
    expect(fullInstant('2026-13-45', o)).toBe('2026-13-45')
  })
  it('say how long', () => {
    const h = 3600000
    expect(span(0, 20000)).toBe('<1 min')
    expect(span(0, 59 * 60000)).toBe('59 min')
    expect(span(0, 3 * h + 120000)).toBe('3 h 2 min')
    expect(span(0, 51 * h)).toBe('2 d 3 h')
    expect(span(h, 0)).toBe('<1 min')
    expect(ago('2026-06-03T10:00:00Z', o.now.getTime())).toBe('2 h ago')
  })
})
