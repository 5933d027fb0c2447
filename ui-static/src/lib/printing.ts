/* Whether the page is being put on paper: what is folded or cut is shown whole then. */
import { readonly, ref } from 'vue'

const now = ref(false)

if (typeof matchMedia === 'function') matchMedia('print').addEventListener('change', (e) => (now.value = e.matches))
if (typeof window !== 'undefined') {
  window.addEventListener('beforeprint', () => (now.value = true))
  window.addEventListener('afterprint', () => (now.value = false))
}

export const printing = readonly(now)
