/* A conversation as it is shown: what was recorded (rows, by their number) and what of the step under
 * way has come so far. Recorded rows replace what was streamed; nothing stands twice. */
import type { AnsweredRow, AnswerPart, ChatRow, ChatSession, Doing, NotedRow, ReturnedRow, SaidRow, SessionState, SummedRow, Talk } from '@/api/chat'

export interface TalkState {
  session: ChatSession | null
  rows: ChatRow[]
  state: SessionState
  turnOpen: boolean
  doing: Doing
  /* the text of the step under way */
  live: string
  /* the tool whose call the model is writing, or that is at work */
  tool: string
}

export function emptyTalk(): TalkState {
  return { session: null, rows: [], state: 'ACTIVE', turnOpen: false, doing: 'idle', live: '', tool: '' }
}

function withRows(known: readonly ChatRow[], more: readonly ChatRow[]): ChatRow[] {
  const by = new Map(known.map((r) => [r.n, r]))
  for (const r of more) if (!by.has(r.n)) by.set(r.n, r)
  return by.size === known.length ? (known as ChatRow[]) : [...by.values()].sort((a, b) => a.n - b.n)
}

/* What was recorded, asked for as a whole. */
export function tookTalk(s: TalkState, talk: Talk): void {
  s.session = talk.session
  s.rows = withRows(s.rows, talk.rows)
  s.state = talk.session.state
  s.turnOpen = talk.session.turn_open
  if (!s.turnOpen) rest(s)
}

function rest(s: TalkState): void {
  s.doing = 'idle'
  s.live = ''
  s.tool = ''
}

/* A row that was recorded just now: the step it ends is not under way any more. */
export function tookRow(s: TalkState, row: ChatRow): void {
  s.rows = withRows(s.rows, [row])
  s.live = ''
  if (row.kind !== 'answered') s.tool = ''
}

export function tookText(s: TalkState, delta: string, fromStart = false): void {
  s.live = fromStart ? delta : s.live + delta
}

export function tookCall(s: TalkState, tool: string): void {
  s.tool = tool
}

export function tookState(s: TalkState, now: { state: SessionState; turn_open: boolean; doing: Doing }): void {
  s.state = now.state
  s.turnOpen = now.turn_open
  s.doing = now.doing
  if (s.session) Object.assign(s.session, { state: now.state, turn_open: now.turn_open })
  if (!now.turn_open) rest(s)
}

/* ---- what stands one below the other ---- */

export type CallPart = Extract<AnswerPart, { type: 'call' }>

export type Item =
  | { kind: 'said'; key: string; row: SaidRow }
  | { kind: 'answer'; key: string; row: AnsweredRow; text: string }
  | { kind: 'call'; key: string; call: CallPart; returned?: ReturnedRow; open: boolean }
  | { kind: 'ended'; key: string; row: AnsweredRow }
  | { kind: 'noted'; key: string; row: NotedRow }
  | { kind: 'summed'; key: string; row: SummedRow }

/* Of one that was stopped the note behind it tells. */
const whole = new Set(['end', 'calls', 'stopped'])

/* A provider may give the same call id again in a later turn: each call has the first answer behind it. */
function answersOf(rows: readonly ChatRow[]): (callId: string, after: number) => ReturnedRow | undefined {
  const waiting = new Map<string, ReturnedRow[]>()
  for (const r of rows) if (r.kind === 'returned') waiting.set(r.call_id, [...(waiting.get(r.call_id) ?? []), r])
  return (id, after) => {
    const list = waiting.get(id)
    const at = list?.findIndex((r) => r.n > after) ?? -1
    return at < 0 ? undefined : list!.splice(at, 1)[0]
  }
}

function partsOf(row: AnsweredRow, take: ReturnType<typeof answersOf>, used: Set<number>): Item[] {
  const list: Item[] = row.parts.flatMap((part, i): Item[] => {
    const key = `${row.n}.${i}`
    if (part.type === 'text') return part.text.trim() ? [{ kind: 'answer', key, row, text: part.text }] : []
    const returned = take(part.call_id, row.n)
    if (returned) used.add(returned.n)
    return [{ kind: 'call', key, call: part, returned, open: !returned }]
  })
  if (!whole.has(row.stop)) list.push({ kind: 'ended', key: `${row.n}.end`, row })
  return list
}

export function itemsOf(rows: readonly ChatRow[]): Item[] {
  const take = answersOf(rows)
  const used = new Set<number>()
  const list: Item[] = []
  for (const row of rows) {
    const key = String(row.n)
    if (row.kind === 'answered') list.push(...partsOf(row, take, used))
    else if (row.kind === 'said') list.push({ kind: 'said', key, row })
    else if (row.kind === 'noted') list.push({ kind: 'noted', key, row })
    else if (row.kind === 'summed') list.push({ kind: 'summed', key, row })
    else if (!used.has(row.n))
      list.push({ kind: 'call', key, call: { type: 'call', call_id: row.call_id, tool: row.tool }, returned: row, open: false })
  }
  return list
}

/* The text of an answer that ended its turn, for those who listen. */
export function finishedText(row: ChatRow): string {
  if (row.kind !== 'answered' || row.stop === 'calls') return ''
  return row.parts.map((p) => (p.type === 'text' ? p.text : '')).join('\n').trim()
}
