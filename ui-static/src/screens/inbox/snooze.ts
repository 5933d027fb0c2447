/* Out of one's own sight for a while. In this browser only: it stops no clock and nobody else sees
 * it; what is overdue comes back at once. */
import { reactive } from 'vue'

const STORED = 'closegate.snoozed'
export const HOURS = 4

function read(): Record<string, number> {
  try {
    const all = JSON.parse(localStorage.getItem(STORED) ?? '{}') as Record<string, number>
    const now = Date.now()
    return Object.fromEntries(Object.entries(all).filter(([, until]) => until > now))
  } catch {
    return {}
  }
}

const until = reactive<Record<string, number>>(read())

function keep(): void {
  try {
    localStorage.setItem(STORED, JSON.stringify(until))
  } catch {
    /* for this visit only */
  }
}

export function isSnoozed(e: { escalation_id: string; overdue?: boolean }, now: number): boolean {
  return !e.overdue && (until[e.escalation_id] ?? 0) > now
}

export function toggleSnooze(id: string, now: number): void {
  if ((until[id] ?? 0) > now) delete until[id]
  else until[id] = now + HOURS * 3600000
  keep()
}
