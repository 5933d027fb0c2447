/* One clock for all that ages on the screen. */
import { readonly, ref } from 'vue'

const now = ref(Date.now())
setInterval(() => (now.value = Date.now()), 15000)

export function useNow() {
  return readonly(now)
}
