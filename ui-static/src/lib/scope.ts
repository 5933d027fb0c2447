/* The entity and the period that are looked at, from the address. */
import { computed } from 'vue'
import { useRoute, useRouter, type LocationQueryRaw } from 'vue-router'

export function useAddress() {
  const route = useRoute()
  const router = useRouter()

  function text(name: string): string {
    const v = route.query[name]
    return typeof v === 'string' ? v : ''
  }
  /* Changes parts of the query; an empty text takes one out. */
  function setQuery(change: Record<string, string | undefined>, how: 'push' | 'replace' = 'replace'): void {
    const query: LocationQueryRaw = { ...route.query }
    for (const [k, v] of Object.entries(change)) {
      if (v) query[k] = v
      else delete query[k]
    }
    void router[how]({ query, params: route.params, hash: route.hash })
  }
  return { route, router, text, setQuery }
}

export function useScope() {
  const { text, setQuery } = useAddress()
  const entity = computed(() => text('entity'))
  /* "2026-03" */
  const period = computed(() => (/^\d{4}-\d{2}$/.test(text('period')) ? text('period') : ''))
  /* first day, and the day behind the last */
  const days = computed(() => {
    if (!period.value) return null
    const [y, m] = period.value.split('-').map(Number) as [number, number]
    const next = m === 12 ? `${y + 1}-01` : `${y}-${String(m + 1).padStart(2, '0')}`
    return { from: `${period.value}-01`, to: `${next}-01` }
  })
  return { entity, period, days, setQuery }
}
