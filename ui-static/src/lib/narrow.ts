/* A phone's width, as in the styles. */
import { readonly, ref } from 'vue'

const query = typeof matchMedia === 'function' ? matchMedia('(max-width: 720px)') : null
const narrow = ref(query?.matches ?? false)
query?.addEventListener('change', (e) => (narrow.value = e.matches))

export function useNarrow() {
  return readonly(narrow)
}
