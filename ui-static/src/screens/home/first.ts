/* Whether there is anything in the book at all. */
import type { Status, StatusEntity } from '@/api/types'

interface EntryCounts {
  unmatched?: { count: number }
  proposed?: { count: number }
  confirmed?: { count: number }
  exception?: { count: number }
}

export interface StatusEntries extends Status {
  entities: (StatusEntity & { entries?: EntryCounts[] })[]
}

export function hasEntries(status: StatusEntries): boolean {
  return status.entities.some((e) => {
    const matches = Object.values(e.matches).some((n) => n > 0)
    const entries = (e.entries ?? []).some((x) => [x.unmatched, x.proposed, x.confirmed, x.exception].some((c) => (c?.count ?? 0) > 0))
    return matches || entries
  })
}
