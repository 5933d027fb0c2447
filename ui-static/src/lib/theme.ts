/* Light, dark, or as the system says. */
import { ref } from 'vue'

export type Theme = 'system' | 'light' | 'dark'
const STORED = 'closegate.theme'

function stored(): Theme {
  try {
    const t = localStorage.getItem(STORED)
    return t === 'light' || t === 'dark' ? t : 'system'
  } catch {
    return 'system'
  }
}

export const theme = ref<Theme>(stored())

export function setTheme(t: Theme): void {
  theme.value = t
  if (t === 'system') delete document.documentElement.dataset.theme
  else document.documentElement.dataset.theme = t
  try {
    localStorage.setItem(STORED, t)
  } catch {
    /* for this visit only */
  }
}
