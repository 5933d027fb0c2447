/* The keyboard layer: shortcuts are declared once, with what they do and where they hold; buttons
 * print them, `?` lists them, one listener runs them. Nothing runs while somebody types. */
import { onActivated, onDeactivated, onMounted, onUnmounted, reactive, ref } from 'vue'

export interface Shortcut {
  /* "j", "?", "ctrl+k", "enter", or two in a row: "g i" */
  keys: string
  label: string
  /* the heading under which `?` lists it */
  scope: string
  run: () => void
  when?: () => boolean
  /* also in fields and dialogs: only with a modifier, or Escape */
  always?: boolean
  /* goes on while the key is held; what decides never does */
  repeat?: boolean
}

const SEQUENCE_MS = 1200
const STORED = 'closegate.single-keys'

export const shortcuts = reactive(new Set<Shortcut>()) as Set<Shortcut>
/* WCAG 2.1.4: single keys can be switched off. */
export const singleKeys = ref(stored() !== 'off')

function stored(): string | null {
  try {
    return localStorage.getItem(STORED)
  } catch {
    return null
  }
}

export function setSingleKeys(on: boolean): void {
  singleKeys.value = on
  try {
    localStorage.setItem(STORED, on ? 'on' : 'off')
  } catch {
    /* private browsing: for this visit only */
  }
}

export function isTyping(target: EventTarget | null): boolean {
  const el = target as HTMLElement | null
  if (!el || typeof el.closest !== 'function') return false
  if (el.isContentEditable) return true
  const field = el.closest('input, textarea, select, [contenteditable=""], [contenteditable="true"]')
  if (!field) return false
  return !(field instanceof HTMLInputElement && /^(checkbox|radio|button|submit)$/.test(field.type))
}

/* "ctrl+k" of an event. Shift counts only with keys that it does not change ("shift+enter"). */
export function keyOf(e: KeyboardEvent): string {
  const name = e.key.length === 1 ? e.key.toLowerCase() : e.key.toLowerCase().replace('arrow', '')
  const shifted = e.shiftKey && e.key.length > 1
  return (e.ctrlKey || e.metaKey ? 'ctrl+' : '') + (e.altKey ? 'alt+' : '') + (shifted ? 'shift+' : '') + name
}

let before = ''
let beforeAt = 0

function fits(s: Shortcut, key: string, e: KeyboardEvent): boolean {
  const modified = key.startsWith('ctrl+') || key === 'escape'
  if (e.repeat && !s.repeat) return false
  if (!s.always && (isTyping(e.target) || document.querySelector('dialog[open]:modal'))) return false
  if (s.always && !modified && isTyping(e.target)) return false
  if (!modified && !singleKeys.value && key.length === 1) return false
  return !s.when || s.when()
}

/* Exported for tests; the app listens once. */
export function onKey(e: KeyboardEvent): void {
  if (e.defaultPrevented || e.isComposing || /^(Control|Shift|Alt|Meta)$/.test(e.key)) return
  const key = keyOf(e)
  const now = e.timeStamp
  const two = before && now - beforeAt < SEQUENCE_MS ? `${before} ${key}` : ''
  // Enter and space on a button are the button's
  const onControl = (e.target as HTMLElement | null)?.closest?.('button, a[href], summary')
  if (onControl && /^(enter| )$/.test(key)) return
  // what was declared last is nearest to what is looked at
  const found = [...shortcuts].reverse().find((s) => (s.keys === two || s.keys === key) && fits(s, key, e))
  before = ''
  if (found) {
    e.preventDefault()
    found.run()
  } else if ([...shortcuts].some((s) => s.keys.startsWith(key + ' ') && fits(s, key, e))) {
    before = key
    beforeAt = now
  }
}

export function useShortcuts(list: Shortcut[]): void {
  const add = () => list.forEach((s) => shortcuts.add(s))
  const drop = () => list.forEach((s) => shortcuts.delete(s))
  onMounted(add)
  onActivated(add)
  onDeactivated(drop)
  onUnmounted(drop)
}

/* As printed: "Ctrl K", "g i", "⏎". */
export function printKeys(keys: string): string {
  const mac = typeof navigator !== 'undefined' && /Mac|iPhone|iPad/.test(navigator.platform)
  return keys
    .replace('ctrl+', mac ? '⌘' : 'Ctrl ')
    .replace('shift+', '⇧')
    .replace('enter', '⏎')
    .replace('escape', 'Esc')
}
