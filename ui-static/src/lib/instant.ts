/* Instants are shown in the reader's zone, with UTC beside it; days of the books have no zone. */
import { userLocale } from './money'

const day = /^\d{4}-\d{2}-\d{2}$/

export function isDay(text: string): boolean {
  return day.test(text)
}

function dateOf(text: string): Date | null {
  const d = new Date(isDay(text) ? text + 'T00:00:00Z' : text)
  return Number.isNaN(d.getTime()) ? null : d
}

/* A formatter costs a millisecond to make and lists need thousands of dates. */
const made = new Map<string, Intl.DateTimeFormat>()

function formatter(locale: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = locale + JSON.stringify(options)
  let f = made.get(key)
  if (!f) made.set(key, (f = new Intl.DateTimeFormat(locale, options)))
  return f
}

export interface Options {
  locale?: string
  zone?: string
  now?: Date
  time?: boolean
}

/* "3 Mar", with the year when it is not this one, with the time when asked for. */
export function shortInstant(text: string, o: Options = {}): string {
  const d = dateOf(text)
  if (!d) return text
  const whole = isDay(text)
  const zone = whole ? 'UTC' : o.zone
  const year: Intl.DateTimeFormatOptions = { year: 'numeric', timeZone: zone }
  const locale = o.locale ?? dayFirst(userLocale())
  const here = formatter(locale, year).format(o.now ?? new Date())
  return formatter(locale, {
    day: 'numeric',
    month: 'short',
    timeZone: zone,
    ...(formatter(locale, year).format(d) === here ? {} : { year: 'numeric' }),
    ...(o.time && !whole ? { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' } : {}),
  }).format(d)
}

/* English readers get "3 Mar" whichever English their browser speaks. */
function dayFirst(locale: string): string {
  return /^en\b/.test(locale) ? 'en-GB' : locale
}

/* The whole instant in the reader's zone and in UTC; of a day, the day. */
export function fullInstant(text: string, o: Options = {}): string {
  const d = dateOf(text)
  if (!d) return text
  const locale = o.locale ?? dayFirst(userLocale())
  if (isDay(text)) return formatter(locale, { dateStyle: 'full', timeZone: 'UTC' }).format(d)
  const at = (timeZone?: string) =>
    formatter(locale, {
      day: 'numeric',
      month: 'short',
      year: 'numeric',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
      hourCycle: 'h23',
      timeZoneName: 'short',
      timeZone,
    }).format(d)
  const local = at(o.zone)
  const utc = at('UTC')
  return local === utc ? utc : `${local} · ${utc}`
}

/* "5 h", "2 d 3 h", "12 min": how long between two instants, never negative. */
export function span(fromMs: number, toMs: number): string {
  const minutes = Math.max(0, Math.floor((toMs - fromMs) / 60000))
  if (minutes < 1) return '<1 min'
  if (minutes < 60) return `${minutes} min`
  const hours = Math.floor(minutes / 60)
  if (hours < 48) return hours < 12 && minutes % 60 ? `${hours} h ${minutes % 60} min` : `${hours} h`
  const days = Math.floor(hours / 24)
  return hours % 24 && days < 7 ? `${days} d ${hours % 24} h` : `${days} d`
}

export function ago(text: string, nowMs: number): string {
  const d = dateOf(text)
  return d ? `${span(d.getTime(), nowMs)} ago` : text
}
