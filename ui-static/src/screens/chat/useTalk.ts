/* One conversation, live: what is recorded is asked for whenever the stream begins (again), and what
 * came meanwhile is put on top of it. Text is put on the screen once a frame. */
import { onUnmounted, reactive, ref } from 'vue'
import { eventsUrl, readTalk, type ChatRow, type Doing, type SessionState } from '@/api/chat'
import { Missing, SignedOut } from '@/api/http'
import { changed } from '@/api/query'
import { emptyTalk, finishedText, tookCall, tookRow, tookState, tookTalk, tookText } from './talk'

const AGAIN_MS = [1000, 2000, 4000, 8000, 15000]

interface TextEvent {
  delta: string
  from_start?: boolean
}
interface StateEvent {
  state: SessionState
  turn_open: boolean
  doing: Doing
}

/* The conversation whose first words were said in this window: its answer is waited for here. */
let begunHere = ''
export function beginsHere(id: string): void {
  begunHere = id
}

/* `live`: whether there is anything to listen to; what was recorded can be read without. */
export function useTalk(id: string, live: () => boolean = () => true) {
  const talk = reactive(emptyTalk())
  const error = ref<unknown>(null)
  /* the stream is broken off; what is on the screen may be behind */
  const cut = ref(false)
  /* the last whole answer that came while somebody was here */
  const finished = ref('')
  let source: EventSource | null = null
  let held: (() => void)[] | null = null
  let pending: TextEvent[] = []
  let frame = 0
  let tries = 0
  let timer: ReturnType<typeof setTimeout> | undefined
  let over = false
  /* whether an answer that is read as recorded is news: not what stood there when one came */
  let here = begunHere === id
  begunHere = ''

  function paint(): void {
    cancelAnimationFrame(frame)
    frame = 0
    const list = pending
    pending = []
    for (const t of list) tookText(talk, t.delta, t.from_start)
  }
  /* While what is recorded is still on its way, what comes is held back. */
  function take(run: () => void): void {
    if (held) held.push(run)
    else run()
  }
  function on<T>(name: string, use: (body: T) => void): void {
    source!.addEventListener(name, (e) => {
      let body: T
      try {
        body = JSON.parse((e as MessageEvent<string>).data) as T
      } catch {
        return // not ours to repair: the row comes
      }
      take(() => use(body))
    })
  }

  function onText(t: TextEvent): void {
    pending.push(t)
    frame ||= requestAnimationFrame(paint)
  }
  const newest = () => talk.rows.at(-1)?.n ?? 0
  /* An answer is told however it came: by the stream, or with what was recorded. */
  function tell(behind: number): void {
    const said = talk.rows.findLast((r) => r.n > behind && finishedText(r))
    if (said) finished.value = finishedText(said)
  }
  function onRow(row: ChatRow): void {
    pending = []
    const before = newest()
    tookRow(talk, row)
    tell(before)
    if (row.kind === 'returned') changed(['escalations', 'status', 'audit'])
  }
  function onState(now: StateEvent): void {
    paint()
    const ended = talk.turnOpen && !now.turn_open
    tookState(talk, now)
    // what it cost is known when the turn is over
    if (ended) void load()
    changed(['chat'])
  }

  async function load(): Promise<boolean> {
    try {
      const read = await readTalk(id)
      const before = newest()
      tookTalk(talk, read)
      if (here) tell(before)
      here = true
      error.value = null
      return true
    } catch (e) {
      error.value = e
      return false
    }
  }
  async function begun(): Promise<void> {
    held = []
    const mine = source
    const good = await load()
    if (over || mine !== source) return
    const list = held ?? []
    held = null
    if (!good) return retry()
    cut.value = false
    tries = 0
    talk.live = ''
    list.forEach((run) => run())
  }
  function retry(): void {
    source?.close()
    source = null
    clearTimeout(timer)
    cut.value = live()
    if (over || !live() || error.value instanceof Missing) return
    timer = setTimeout(listen, AGAIN_MS[Math.min(tries++, AGAIN_MS.length - 1)])
  }
  function listen(): void {
    clearTimeout(timer)
    source?.close()
    source = new EventSource(eventsUrl(id))
    held = []
    const mine = source
    on<ChatRow>('row', onRow)
    on<TextEvent>('text', onText)
    on<{ tool: string }>('call', (c) => tookCall(talk, c.tool))
    on<StateEvent>('state', onState)
    mine.addEventListener('open', () => void begun())
    mine.addEventListener('error', () => {
      if (mine !== source) return
      held = []
      cut.value = true
      // the browser goes on trying unless it was refused
      if (mine.readyState === EventSource.CLOSED) void refused()
    })
  }
  /* The stream does not say why; the conversation itself does. */
  async function refused(): Promise<void> {
    const mine = source
    await load()
    if (mine === source) retry()
  }

  function stop(): void {
    over = true
    clearTimeout(timer)
    cancelAnimationFrame(frame)
    source?.close()
    source = null
  }
  function again(): void {
    tries = 0
    listen()
  }
  listen()
  onUnmounted(stop)
  return { talk, error, cut, finished, load, again, signedOut: () => error.value instanceof SignedOut }
}
