/* Filters a person kept; they are the workspace's, the engine knows nothing of them. */
import { useQuery } from '@tanstack/vue-query'
import { computed } from 'vue'
import { get, request } from './http'
import { queryClient } from './query'
import type { Filter } from './types.gen'

export interface SavedFilter extends Filter {
  filter_id: string
}

/* Those of one screen. */
export function useSavedFilters(screen: string) {
  const query = useQuery({
    queryKey: ['filters'],
    queryFn: ({ signal }) => get<{ filters: SavedFilter[] }>('filters', {}, signal),
    staleTime: 300_000,
  })
  const saved = computed(() => (query.data.value?.filters ?? []).filter((f) => f.screen === screen))
  return { ...query, saved }
}

/* One of that name and screen is replaced. */
export async function saveFilter(filter: Filter): Promise<void> {
  await request('PUT', 'filters', filter)
  await queryClient.invalidateQueries({ queryKey: ['filters'] })
}

export async function dropFilter(id: string): Promise<void> {
  await request('DELETE', 'filters/' + encodeURIComponent(id))
  await queryClient.invalidateQueries({ queryKey: ['filters'] })
}
