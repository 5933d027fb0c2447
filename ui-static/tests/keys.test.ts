import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { keyOf, onKey, printKeys, setSingleKeys, shortcuts, type Shortcut } from '@/lib/keys'

function declare(keys: string, more: Partial<Shortcut> = {}) {
  const run = vi.fn()
  shortcuts.add({ keys, label: keys, scope: 'test', run, ...more })
  return run
}

function press(key: string, target: EventTarget = document.body, more: KeyboardEventInit = {}): KeyboardEvent {
  const e = new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true, ...more })
  target.dispatchEvent(e)
  return e
}

describe('shortcuts', () => {
  beforeEach(() => window.addEventListener('keydown', onKey))
  afterEach(() => {
    window.removeEventListener('keydown', onKey)
    shortcuts.clear()
    setSingleKeys(true)
    document.body.replaceChildren()
  })

  it('run on their key, and keep it from the page', () => {
    const run = declare('j')
    expect(press('j').defaultPrevented).toBe(true)
    expect(run).toHaveBeenCalledOnce()
  })
  it('never run while somebody types', () => {
    const run = declare('a')
    const field = document.body.appendChild(document.createElement('textarea'))
    expect(press('a', field).defaultPrevented).toBe(false)
    expect(run).not.toHaveBeenCalled()
  })
  it('with Ctrl run in fields, too', () => {
    const run = declare('ctrl+k', { always: true })
    const field = document.body.appendChild(document.createElement('input'))
    press('k', field, { ctrlKey: true })
    press('K', field, { metaKey: true })
    expect(run).toHaveBeenCalledTimes(2)
  })
  it('may be two keys, one after the other', () => {
    const run = declare('g i')
    press('i')
    expect(run).not.toHaveBeenCalled()
    press('g')
    press('i')
    expect(run).toHaveBeenCalledOnce()
  })
  it('prefer two keys to the second alone', () => {
    const single = declare('r')
    const both = declare('g r')
    press('g')
    press('r')
    expect(both).toHaveBeenCalledOnce()
    expect(single).not.toHaveBeenCalled()
  })
  it('are silent where they do not apply', () => {
    const run = declare('a', { when: () => false })
    expect(press('a').defaultPrevented).toBe(false)
    expect(run).not.toHaveBeenCalled()
  })
  it('leave Enter to the button that has the focus', () => {
    const run = declare('enter')
    press('Enter', document.body.appendChild(document.createElement('button')))
    expect(run).not.toHaveBeenCalled()
  })
  it('decide once, however long the key is held', () => {
    const decide = declare('a')
    const next = declare('j', { repeat: true })
    press('a', document.body, { repeat: true })
    press('j', document.body, { repeat: true })
    expect(decide).not.toHaveBeenCalled()
    expect(next).toHaveBeenCalledOnce()
  })
  it('can be switched off, all single keys at once', () => {
    const run = declare('j')
    setSingleKeys(false)
    press('j')
    expect(run).not.toHaveBeenCalled()
  })
  it('are named and printed alike everywhere', () => {
    expect(keyOf(new KeyboardEvent('keydown', { key: '?', shiftKey: true }))).toBe('?')
    expect(keyOf(new KeyboardEvent('keydown', { key: 'ArrowDown' }))).toBe('down')
    expect(keyOf(new KeyboardEvent('keydown', { key: 'Enter', shiftKey: true }))).toBe('shift+enter')
    expect(printKeys('ctrl+k')).toMatch(/^(Ctrl |⌘)k$/)
  })
})
