/* How the log stands, out of what this browser has verified and what the server says of itself. */
import { computed } from 'vue'
import { useHead, useLogTrust } from './evidence'
import { useVerify } from './session'

export interface ChainState {
  state: 'verified' | 'broken' | 'unknown'
  /* events up to it; of a broken log none */
  size?: number
  at?: number
  /* in a sentence */
  words: string
}

export function useChain() {
  const head = useHead()
  const trust = useLogTrust()
  const server = useVerify()

  return computed<ChainState | null>(() => {
    const h = head.data.value
    const said = server.data.value
    if (said && !said.intact) return { state: 'broken', words: 'The engine says that its own log is broken.' }
    if (trust.data.value?.state === 'refused') return { state: 'broken', words: trust.data.value.words }
    const trouble = trust.data.value?.state === 'verified' ? trust.data.value.found.trouble : undefined
    if (trouble) return { state: 'broken', words: trouble }
    if (h?.state === 'refused') return { state: 'broken', words: h.words }
    if (h?.state === 'verified') {
      const size = h.found.head.size
      const words = `Verified in this browser against key ${h.found.head.key.id}: ${size.toLocaleString()} events${h.found.before ? `, continuing the ${h.found.before.toLocaleString()} verified before` : ''}.`
      return { state: 'verified', size, at: head.dataUpdatedAt.value, words }
    }
    const why = h?.words ?? (head.isError.value || trust.isError.value ? 'The log’s signed head cannot be had now.' : '')
    if (!why) return null
    return { state: 'unknown', words: said ? `${why} The engine says that its log is whole to #${said.to_seq.toLocaleString()}.` : why }
  })
}
