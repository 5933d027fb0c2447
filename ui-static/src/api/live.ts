/* Server-sent events: which topics changed. After a gap everything counts as changed. */
import { queryClient, changed } from './query'

let source: EventSource | null = null
let gap = false

function onChange(e: MessageEvent<string>): void {
  try {
    changed((JSON.parse(e.data) as { topics: string[] }).topics)
  } catch {
    /* not ours to repair: the next one comes */
  }
}

/* Back again: what could not be shown, and what is old, is asked for anew. */
function onEngine(e: MessageEvent<string>): void {
  if (/"reachable"\s*:\s*true/.test(e.data)) void queryClient.invalidateQueries()
  else changed(['engine'])
}

export function listen(): void {
  if (source && source.readyState !== EventSource.CLOSED) return
  source = new EventSource('/api/v1/events')
  source.addEventListener('change', onChange)
  source.addEventListener('engine', onEngine)
  source.addEventListener('open', () => {
    if (gap) void queryClient.invalidateQueries()
    gap = false
  })
  source.addEventListener('error', () => {
    gap = true
    // closed for good: signed out, most likely; the session says
    if (source?.readyState === EventSource.CLOSED) {
      changed(['engine'])
      setTimeout(listen, 5000)
    }
  })
}

export function stopListening(): void {
  source?.close()
  source = null
}
