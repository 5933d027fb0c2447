/* One act of this screen: recording, recorded, or refused, said where it was pressed. While an outcome
 * is not known, trying again is the same act. */
import { reactive } from 'vue'
import { ApiError, Unreachable } from '@/api/http'
import type { Outcome } from '@/api/types'
import { newKey } from '@/lib/random'

export type Phase = 'idle' | 'recording' | 'recorded' | 'waiting' | 'refused' | 'unknown'

export interface Act {
  phase: Phase
  outcome: Outcome | null
  message: string
  /* the policy's words, when it was policy */
  clause: string
  /* the field that is wrong, or the clause's place */
  pointer: string
}

function textOf(body: Record<string, unknown> | undefined, key: string): string {
  const v = body?.[key]
  return typeof v === 'string' ? v : ''
}

export function useAct() {
  const act = reactive<Act>({ phase: 'idle', outcome: null, message: '', clause: '', pointer: '' })
  let key = ''

  function refuse(e: unknown): void {
    const error = e instanceof ApiError ? e : null
    act.phase = e instanceof Unreachable ? 'unknown' : 'refused'
    act.message = error ? error.message : 'Something in this page went wrong.'
    act.clause = textOf(error?.body, 'clause')
    act.pointer = error?.pointer ?? ''
  }
  async function run(work: (key: string) => Promise<Outcome>): Promise<boolean> {
    if (act.phase === 'recording') return false
    if (act.phase !== 'unknown' || !key) key = newKey()
    Object.assign(act, { phase: 'recording', outcome: null, message: '', clause: '', pointer: '' })
    try {
      act.outcome = await work(key)
      act.phase = act.outcome.status === 'pending_approval' ? 'waiting' : 'recorded'
      return true
    } catch (e) {
      refuse(e)
      return false
    }
  }
  /* What was asked is being changed: the next press is another act. */
  function clear(): void {
    key = ''
    Object.assign(act, { phase: 'idle', outcome: null, message: '', clause: '', pointer: '' })
  }
  return { act, run, clear }
}
