/* Days somebody picks, as the instants the engine lends a seat for; and loans in words. */
import type { Loan } from '@/api/types'

const DAY = /^(\d{4})-(\d{2})-(\d{2})$/

/* The first instant of a day where the reader is, so many days on. */
export function dayBegins(day: string, later = 0): Date | null {
  const m = DAY.exec(day)
  if (!m) return null
  const d = new Date(Number(m[1]), Number(m[2]) - 1, Number(m[3]) + later)
  return Number.isNaN(d.getTime()) ? null : d
}

export function today(now: Date): string {
  const two = (n: number) => String(n).padStart(2, '0')
  return `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}`
}

/* "sam" as typed is a person of that name; ids stay what they are. */
export function borrowerOf(text: string): string {
  const t = text.trim()
  return t === '' || /^(human:|prn_)/.test(t) ? t : `human:${t}`
}

export interface Asked {
  to: string
  from?: string
  until: string
}

export interface Form {
  to: string
  from: string
  until: string
}

/* What would be asked of the engine, or what is wrong with which field. From today on means from now
 * on; the last day is lent whole. */
export function loanAsked(form: Form, now: Date): Asked | { field: 'to' | 'from' | 'until'; problem: string } {
  const to = borrowerOf(form.to)
  if (!to) return { field: 'to', problem: 'Who gets the seat?' }
  const from = form.from ? dayBegins(form.from) : now
  if (!from) return { field: 'from', problem: 'This is not a day.' }
  if (!form.until) return { field: 'until', problem: 'Until which day? A seat is never lent for good.' }
  const end = dayBegins(form.until, 1)
  if (!end) return { field: 'until', problem: 'This is not a day.' }
  if (end <= now) return { field: 'until', problem: 'This day is over.' }
  if (end <= from) return { field: 'until', problem: 'This is before the first day.' }
  return { to, until: end.toISOString(), ...(from > now ? { from: from.toISOString() } : {}) }
}

export function isProblem(x: ReturnType<typeof loanAsked>): x is { field: 'to' | 'from' | 'until'; problem: string } {
  return 'problem' in x
}

export type LoanState = 'later' | 'now' | 'over'

export function loanState(loan: Loan, nowMs: number): LoanState {
  if (Date.parse(loan.until) <= nowMs) return 'over'
  return Date.parse(loan.from) > nowMs ? 'later' : 'now'
}
