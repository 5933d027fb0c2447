import { mount } from '@vue/test-utils'
import { describe, expect, it } from 'vitest'
import { clip, inert, pieces } from '@/lib/inert'
import UntrustedText from '@/ui/UntrustedText.vue'

describe('text from outside', () => {
  it('shows what would turn its neighbours around', () => {
    expect(inert('ACME \u202egnp.exe')).toBe('ACME ⟨RLO⟩gnp.exe')
    expect(pieces('\u202e')[0]!.mark).toContain('right-to-left override')
  })
  it('shows control characters, tags and invisible letters', () => {
    expect(inert('a\u0000b\u200bc\u{e0041}d\u3164')).toBe('a⟨NUL⟩b⟨ZWSP⟩c⟨U+E0041⟩d⟨U+3164⟩')
  })
  it('is left alone where there is nothing to show', () => {
    const plain = '<img src=x onerror=alert(1)> Müller & Söhne 株式会社 🙂'
    expect(pieces(plain)).toEqual([{ text: plain }])
  })
  it('is cut where it goes on and on, never within a character', () => {
    expect(clip('🙂'.repeat(300), 100)).toBe('🙂'.repeat(100))
  })
  it('becomes text in the page, never markup, and links stay dead', () => {
    const w = mount(UntrustedText, { props: { text: '<img src=x onerror="x()"><a href="https://evil.example">pay</a>' } })
    expect(w.find('img').exists()).toBe(false)
    expect(w.find('a').exists()).toBe(false)
    expect(w.text()).toContain('<img src=x onerror="x()">')
  })
  it('opens when it is long and somebody asks', async () => {
    const w = mount(UntrustedText, { props: { text: 'y'.repeat(10240) } })
    expect(w.text().length).toBeLessThan(400)
    await w.find('button').trigger('click')
    expect(w.text().length).toBeGreaterThan(10240)
  })
})
