/* The inbox's state is its address: view, filters, order, what is open. */
import { computed } from 'vue'
import type { Filter } from '@/api/escalations'
import { useAddress } from '@/lib/scope'

export type View = 'open' | 'asked' | 'decided'

export const views: readonly { value: View; label: string }[] = [
  { value: 'open', label: 'Waiting' },
  { value: 'asked', label: 'I asked' },
  { value: 'decided', label: 'I decided' },
]

export const orders = [
  { value: 'sla', label: 'Due first' },
  { value: 'newest', label: 'Newest first' },
  { value: 'oldest', label: 'Oldest first' },
  { value: 'amount', label: 'Largest first' },
] as const

export const ages = [
  { value: '24', label: 'over a day' },
  { value: '72', label: 'over three days' },
  { value: '168', label: 'over a week' },
] as const

const kept = ['reason', 'tier', 'min', 'max', 'currency', 'age', 'to', 'q'] as const

/* What a saved filter brings back. */
export const savedNames = ['view', 'entity', ...kept, 'snoozed', 'sort'] as const

export function useInboxAddress() {
  const { text, setQuery, route, router } = useAddress()
  const view = computed<View>(() => views.find((v) => v.value === text('view'))?.value ?? 'open')
  const id = computed(() => (typeof route.params.id === 'string' ? route.params.id : ''))
  const snoozed = computed(() => text('snoozed') === '1')
  const filter = computed<Filter>(() => {
    const f: Filter = { view: view.value }
    if (text('entity')) f.entity = text('entity')
    for (const k of kept) if (text(k)) f[k] = text(k)
    if (view.value === 'open') f.sort = text('sort') || 'sla'
    return f
  })
  /* Filters of the chips that are set, the entity aside (it is the header's). */
  const narrowed = computed(() => kept.some((k) => text(k) !== '') || snoozed.value)

  function open(next: string, how: 'push' | 'replace' = 'replace'): void {
    void router[how]({ name: 'inbox', params: next ? { id: next } : {}, query: route.query })
  }
  function clear(): void {
    setQuery(Object.fromEntries([...kept, 'snoozed'].map((k) => [k, ''])))
  }
  return { view, id, filter, narrowed, snoozed, text, setQuery, open, clear }
}
