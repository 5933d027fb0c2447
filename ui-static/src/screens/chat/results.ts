/* What a tool was given and what it answered, as things that can be read: facts, and tables of what the
 * workspace knows. Nothing is taken for granted: a value that is not as expected is shown as text. */
import type { Line } from '@/api/books'
import { spaced } from '@/lib/words'

export interface Fact {
  name: string
  label: string
  kind: 'text' | 'money' | 'instant' | 'entry' | 'match' | 'exception' | 'escalation' | 'event'
  text: string
  currency?: string
}

export interface MatchLine {
  match_id: string
  match_type: string
  state: string
  amount: string
  currency: string
  account_id: string
  entity_id: string
  counterparty: string
}
export interface ExceptionLine {
  exception_id: string
  class: string
  state: string
  amount: string
  currency: string
  date: string
  account_id: string
  counterparty: string
}
export interface EscalationLine {
  escalation_id: string
  code: string
  tool: string
  state: string
  reason: string
  amount: string
  currency: string
  entity_id: string
}
export interface PlainTable {
  columns: string[]
  rows: string[][]
}

export type Part =
  | { kind: 'facts'; key: string; label: string; facts: Fact[] }
  | { kind: 'matches'; key: string; label: string; rows: MatchLine[] }
  | { kind: 'exceptions'; key: string; label: string; rows: ExceptionLine[] }
  | { kind: 'escalations'; key: string; label: string; rows: EscalationLine[] }
  | { kind: 'lines'; key: string; label: string; rows: Line[] }
  | { kind: 'table'; key: string; label: string; table: PlainTable }

type Row = Record<string, unknown>

function isRow(v: unknown): v is Row {
  return typeof v === 'object' && v !== null && !Array.isArray(v)
}

export function textOf(v: unknown): string {
  if (typeof v === 'string') return v
  if (v === null || v === undefined) return ''
  if (typeof v === 'boolean') return v ? 'yes' : 'no'
  if (Array.isArray(v) && v.every((x) => typeof x !== 'object')) return v.map(textOf).join(', ')
  return typeof v === 'object' ? JSON.stringify(v) : String(v)
}

const id = /^[\w.:@+/-]{1,256}$/

const kinds: readonly [RegExp, Fact['kind']][] = [
  [/(^|_)entry_id$/, 'entry'],
  [/(^|_)match_id$/, 'match'],
  [/(^|_)exception_id$/, 'exception'],
  [/^(escalation_id|waits_as)$/, 'escalation'],
  [/(^|_)seq$/, 'event'],
  [/(_at|_utc|^date|_date)$/, 'instant'],
]

function kindOf(name: string, text: string, currency: string): Fact['kind'] {
  const kind = kinds.find(([re]) => re.test(name))?.[1]
  if (kind === 'event') return /^\d+$/.test(text) ? 'event' : 'text'
  if (kind === 'instant') return /^\d{4}-\d{2}-\d{2}/.test(text) ? 'instant' : 'text'
  if (kind) return id.test(text) ? kind : 'text'
  if (currency && /^-?\d+\.\d+$/.test(text)) return 'money'
  return 'text'
}

/* What only programs need. */
const machinery = new Set(['idempotency_key', 'next_cursor', 'cursor', 'next'])

/* The scalars of an object; a value that is an object itself stands as its JSON. */
export function factsOf(value: Row, except: ReadonlySet<string> = new Set()): Fact[] {
  const currency = textOf(value.currency)
  const list: Fact[] = []
  for (const [name, v] of Object.entries(value)) {
    const text = textOf(v)
    if (except.has(name) || text === '' || machinery.has(name)) continue
    const kind = kindOf(name, text, currency)
    list.push({ name, label: spaced(name), kind, text, ...(kind === 'money' ? { currency } : {}) })
  }
  // it stands beside its amount
  return list.some((f) => f.kind === 'money') ? list.filter((f) => f.name !== 'currency') : list
}

function legParty(r: Row): string {
  const legs = Array.isArray(r.legs) ? (r.legs as unknown[]).filter(isRow) : []
  return textOf(r.counterparty) || textOf(legs.find((l) => l.counterparty)?.counterparty) || textOf(legs.find((l) => l.memo)?.memo)
}

function matchLine(r: Row): MatchLine {
  const of = (k: string) => textOf(r[k])
  return { match_id: of('match_id'), match_type: of('match_type'), state: of('state'), amount: of('amount'), currency: of('currency'), account_id: of('account_id'), entity_id: of('entity_id'), counterparty: legParty(r) }
}
function exceptionLine(r: Row): ExceptionLine {
  const of = (k: string) => textOf(r[k])
  return { exception_id: of('exception_id'), class: of('class'), state: of('state') || of('exception_state'), amount: of('open_amount') || of('amount'), currency: of('currency'), date: of('date'), account_id: of('account_id'), counterparty: of('counterparty') || of('memo') }
}
function escalationLine(r: Row): EscalationLine {
  const of = (k: string) => textOf(r[k])
  return { escalation_id: of('escalation_id'), code: of('code'), tool: of('tool'), state: of('state'), reason: of('reason'), amount: of('amount'), currency: of('currency'), entity_id: of('entity_id') }
}
function bookLine(r: Row): Line & { match_id?: string } {
  const of = (k: string) => textOf(r[k])
  return { version: 0, entry_id: of('entry_id'), account_id: of('account_id'), side: of('side'), date: of('date'), amount: of('amount'), currency: of('currency'), counterparty: of('counterparty'), memo: of('memo'), match_id: of('match_id') || undefined }
}

const COLUMNS_MAX = 7

function plainTable(rows: readonly Row[]): PlainTable {
  const names = new Set<string>()
  for (const r of rows) for (const [k, v] of Object.entries(r)) if (textOf(v) !== '' && !isRow(v)) names.add(k)
  const columns = [...names].slice(0, COLUMNS_MAX)
  return { columns: columns.map(spaced), rows: rows.map((r) => columns.map((c) => textOf(r[c]))) }
}

/* By what every row of a list bears. */
function listPart(key: string, rows: readonly Row[]): Part {
  const label = spaced(key.split('.').at(-1)!)
  const all = (name: string) => rows.every((r) => typeof r[name] === 'string' && id.test(r[name]))
  if (all('escalation_id')) return { kind: 'escalations', key, label, rows: rows.map(escalationLine) }
  if (all('exception_id')) return { kind: 'exceptions', key, label, rows: rows.map(exceptionLine) }
  if (all('match_id') && rows.some((r) => 'match_type' in r)) return { kind: 'matches', key, label, rows: rows.map(matchLine) }
  if (all('entry_id')) return { kind: 'lines', key, label, rows: rows.map(bookLine) }
  return { kind: 'table', key, label, table: plainTable(rows) }
}

const DEPTH_MAX = 2

function partsOf(value: Row, key: string, depth: number): Part[] {
  const lists: [string, Row[]][] = []
  const inner: [string, Row][] = []
  for (const [k, v] of Object.entries(value)) {
    if (Array.isArray(v) && v.length && v.every(isRow)) lists.push([k, v])
    else if (isRow(v) && Object.keys(v).length && depth < DEPTH_MAX) inner.push([k, v])
  }
  const shown = new Set([...lists, ...inner].map(([k]) => k))
  const facts = factsOf(value, new Set([...shown, ...Object.keys(value).filter((k) => Array.isArray(value[k]) && !(value[k] as unknown[]).length)]))
  const own: Part[] = facts.length ? [{ kind: 'facts', key: `${key}.`, label: key ? spaced(key.split('.').at(-1)!) : '', facts }] : []
  return [
    ...own,
    ...inner.flatMap(([k, v]) => partsOf(v, key ? `${key}.${k}` : k, depth + 1)),
    ...lists.map(([k, rows]) => listPart(key ? `${key}.${k}` : k, rows)),
  ]
}

export function readResult(value: unknown): Part[] {
  if (isRow(value)) return partsOf(value, '', 0)
  if (Array.isArray(value) && value.length && value.every(isRow)) return [listPart('result', value)]
  const text = textOf(value)
  return text ? [{ kind: 'facts', key: '', label: '', facts: [{ name: 'result', label: 'Answer', kind: 'text', text }] }] : []
}
