/* What the charts show (GET stats): counted by the engine from what it recorded. */
import { keepPreviousData, useQuery } from '@tanstack/vue-query'
import { computed, type Ref } from 'vue'
import { get } from './http'
import type { Money } from './types'

export interface Flow {
  confirmed_by_policy: number
  confirmed_by_people: number
  rejected: number
  /* of what was confirmed; null where nothing was */
  auto_share_bp: number | null
  escalations_opened: number
  escalations_settled: number
  /* only where people confirmed or rejected */
  decide_median_s?: number
  decide_p90_s?: number
}

export interface DayFlow extends Flow {
  /* a day in UTC */
  day: string
}

export interface Ages {
  total: number
  by_age: Record<string, number>
}

export interface CapUse {
  entity_id: string
  account_id: string
  name: string
  count: number
  /* null: cannot be valued */
  sum: Money | null
  use_bp: number
}

export interface Stats {
  from: string
  to: string
  by_day: DayFlow[]
  totals: Flow
  waiting: Ages
  exceptions: Ages
  auto_confirm: {
    enabled: boolean
    period: string
    cap?: { sum?: Money; count?: number }
    accounts: CapUse[]
  }
  /* figures come from a part of the rows */
  sampled: boolean
}

export function useStats(entity: Ref<string>, days: Ref<number>) {
  return useQuery(
    computed(() => ({
      queryKey: ['status', 'stats', entity.value, days.value],
      queryFn: ({ signal }: { signal?: AbortSignal }) => get<Stats>('stats', { entity: entity.value, days: days.value }, signal),
      placeholderData: keepPreviousData,
      meta: { topics: ['escalations', 'exceptions', 'matches', 'policy'] },
    })),
  )
}
