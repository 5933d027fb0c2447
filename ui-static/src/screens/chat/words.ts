/* States, notes and figures of a conversation, in words. */
import type { ChatSession, ReturnedRow, Spent } from '@/api/chat'
import type { IconName } from '@/icons/names'
import { addAmounts, compareAmounts, formatAmount } from '@/lib/money'
import { spaced, type Tone } from '@/lib/words'

export interface Told {
  words: string
  icon: IconName
  tone: Tone
}

export function sessionWords(s: Pick<ChatSession, 'state' | 'turn_open'>): Told {
  if (s.state === 'ENDED') return { words: 'Ended', icon: 'check', tone: 'none' }
  if (s.state === 'FAILED') return { words: 'Did not go on', icon: 'warn', tone: 'bad' }
  if (s.state === 'WAITING_HUMAN') return { words: 'Waits for a person', icon: 'person', tone: 'accent' }
  if (s.turn_open) return { words: 'Answering', icon: 'play', tone: 'accent' }
  return { words: 'Open', icon: 'chat', tone: 'none' }
}

const origins: Record<string, string> = { ask: 'from the command line', run: 'a scheduled run' }

export function originWords(origin: string): string {
  return origins[origin] ?? ''
}

/* How a call of a tool ended. */
export function callWords(returned: ReturnedRow | undefined, underWay: boolean): Told {
  if (!returned) return underWay ? { words: 'At work', icon: 'clock', tone: 'accent' } : { words: 'No answer was recorded', icon: 'question', tone: 'warn' }
  if (returned.status === 'pending_approval') return { words: 'Waits for a person', icon: 'person', tone: 'accent' }
  if (returned.status === 'denied') return { words: 'Refused by policy', icon: 'lock', tone: 'bad' }
  if (returned.is_error) return { words: 'Failed', icon: 'warn', tone: 'bad' }
  if (returned.status === 'ok') return { words: 'Done', icon: 'check', tone: 'good' }
  return { words: spaced(returned.status), icon: 'info', tone: 'warn' }
}

const notes: Record<string, Told> = {
  stopped: { words: 'Stopped', icon: 'cross', tone: 'none' },
  budget: { words: 'The budget is spent', icon: 'warn', tone: 'warn' },
  steps: { words: 'As many steps as one turn may take', icon: 'warn', tone: 'warn' },
  trouble: { words: 'The model did not answer', icon: 'warn', tone: 'bad' },
  again: { words: 'Asked again', icon: 'clock', tone: 'warn' },
  resumed: { words: 'Taken up again', icon: 'play', tone: 'none' },
  unknown: { words: 'It is not known how this ended', icon: 'question', tone: 'warn' },
  decided: { words: 'Decided', icon: 'check', tone: 'good' },
}

export function noteWords(what: string): Told {
  return notes[what] ?? { words: spaced(what), icon: 'info', tone: 'none' }
}

const stops: Record<string, string> = {
  cut: 'The answer broke off here.',
  length: 'The answer is cut off: it reached the longest that is allowed.',
  refused: 'The model declined to go on.',
}

export function stopWords(stop: string): string {
  return stops[stop] ?? `The answer ended: ${spaced(stop).toLowerCase()}.`
}

/* At least cents; further digits only where they say something. */
export function costWords(cost: string, currency = 'USD'): string {
  const m = /^(-?\d+)\.(\d{2})(\d*?)0*$/.exec(cost)
  return `${formatAmount(m ? `${m[1]}.${m[2]}${m[3]}` : cost)} ${currency}`
}

export function tokenWords(n: number): string {
  return n.toLocaleString()
}

export interface Left {
  words: string
  none: boolean
  /* how much of it is used, in percent */
  used: number
}

/* What is left of whole dollars, to the cent and never rounded up. */
function cents(amount: string): string {
  return /^0+\./.test(amount) ? amount : amount.replace(/(\.\d{2})\d+$/, '$1')
}

function percent(used: string, max: string): number {
  return compareAmounts(max, '0') <= 0 ? 100 : (Number(used) / Number(max)) * 100
}

function leftOf(s: Spent, currency: string): Left[] {
  const list: Left[] = []
  if (s.cost_max !== null) {
    const left = addAmounts([s.cost_max, s.cost.startsWith('-') ? s.cost.slice(1) : `-${s.cost}`])
    const none = compareAmounts(left, '0') <= 0
    const max = costWords(s.cost_max, currency)
    list.push({ none, used: percent(s.cost, s.cost_max), words: none ? `nothing left of ${max}` : `${costWords(cents(left), currency)} of ${max} left` })
  }
  if (s.tokens_max !== null) {
    const left = s.tokens_max - s.tokens
    const max = `${tokenWords(s.tokens_max)} tokens`
    list.push({ none: left <= 0, used: percent(String(s.tokens), String(s.tokens_max)), words: left <= 0 ? `nothing left of ${max}` : `${tokenWords(left)} of ${max} left` })
  }
  return list
}

/* What is left of each limit, the scarcest first; without a limit nothing is said. */
export function budgetWords(spent: { session?: Spent; person_day?: Spent; day?: Spent } | undefined, currency = 'USD'): Left[] {
  const parts: [Spent | undefined, string][] = [
    [spent?.session, 'In this chat'],
    [spent?.person_day, 'Yours today'],
    [spent?.day, 'Everybody’s today'],
  ]
  const all = parts.flatMap(([s, whose]) => (s ? leftOf(s, currency).map((l) => ({ ...l, words: `${whose}: ${l.words}` })) : []))
  return all.sort((a, b) => b.used - a.used)
}

const SCARCE = 75

/* Those that matter now: what runs out, or the one that will first. */
export function scarce(all: readonly Left[]): readonly Left[] {
  const near = all.filter((l) => l.used >= SCARCE)
  return near.length ? near : all.slice(0, 1)
}
