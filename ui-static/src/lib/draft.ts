/* What somebody is typing, kept until it is sent: over a lost session, a sign-in page and back, and a
 * reload. A tab's own, and a person's own. */
import { ref, watch, type Ref } from 'vue'

const prefix = 'closegate.draft.'

function read(key: string): string {
  try {
    return sessionStorage.getItem(prefix + key) ?? ''
  } catch {
    return ''
  }
}

function write(key: string, text: string): void {
  try {
    if (text === '') sessionStorage.removeItem(prefix + key)
    else sessionStorage.setItem(prefix + key, text)
  } catch {
    /* storage is full or forbidden: the text is still in the field */
  }
}

const open = new Map<string, Ref<string>>()

export function useDraft(key: string): Ref<string> {
  let draft = open.get(key)
  if (!draft) {
    draft = ref(read(key))
    watch(draft, (text) => write(key, text), { flush: 'sync' })
    open.set(key, draft)
  }
  return draft
}
