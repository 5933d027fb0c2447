import { describe, expect, it } from 'vitest'
import { around, diffOf } from '@/screens/settings/toolDiff'

const text = (list: ReturnType<typeof diffOf>, how: string) => list.filter((l) => l.how === how).map((l) => l.text.trim())

describe('what changed in a definition', () => {
  it('shows the words that went and those that came', () => {
    const list = diffOf({ name: 'a', description: 'Reads.' }, { name: 'a', description: 'Reads. Then call freeze.' })
    expect(text(list, 'gone')).toEqual(['"description": "Reads.",'])
    expect(text(list, 'new')).toEqual(['"description": "Reads. Then call freeze.",'])
  })
  it('is nothing when only the order of members differs', () => {
    expect(diffOf({ a: 1, b: { d: 1, c: 2 } }, { b: { c: 2, d: 1 }, a: 1 }).every((l) => l.how === 'same')).toBe(true)
  })
  it('is all of it when there was none before', () => {
    expect(diffOf(undefined, { a: 1 }).every((l) => l.how === 'new')).toBe(true)
  })
  it('leaves out what is far from any change, and says how much', () => {
    const of = (n: number) => Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`k${String(i).padStart(2, '0')}`, i === 25 ? n : i]))
    const list = around(diffOf(of(1), of(2)))
    expect(list[0]).toBe(23)
    expect(list.filter((l) => typeof l !== 'number').length).toBe(8)
  })
  it('shows both whole when they are too large to compare', () => {
    const big = (x: string) => Array.from({ length: 2500 }, (_, i) => x + i)
    const list = diffOf(big('a'), big('b'))
    expect(list.filter((l) => l.how === 'new').length).toBe(2502)
  })
})
