/* What the palette finds: actions that are on the screen now (the shortcuts), places, and what the
 * engine finds by a text. */
import { get } from '@/api/http'
import type { EscalationPage, Match } from '@/api/types'
import { useDraft } from '@/lib/draft'
import { clip, inert } from '@/lib/inert'
import { shortcuts } from '@/lib/keys'
import { formatAmount } from '@/lib/money'
import { matchTypeWords, toolWords } from '@/lib/words'
import { router, scoped } from '@/router'
import type { IconName } from '@/icons/names'

export interface Hit {
  id: string
  group: string
  label: string
  detail?: string
  icon: IconName
  keys?: string
  run: () => void
}

function fits(label: string, words: readonly string[]): boolean {
  const l = label.toLowerCase()
  return words.every((w) => l.includes(w))
}

export function wordsOf(text: string): string[] {
  return text.toLowerCase().split(/\s+/).filter(Boolean)
}

export function actions(text: string): Hit[] {
  const words = wordsOf(text)
  return [...shortcuts]
    .filter((s) => s.keys !== 'ctrl+k' && s.keys !== '/' && (!s.when || s.when()) && fits(s.label, words))
    .map((s) => ({
      id: s.scope + s.keys,
      group: s.scope === 'Everywhere' ? 'Go to' : s.scope,
      label: s.label,
      icon: s.label.startsWith('Go to') ? 'right' : 'bolt',
      keys: s.keys,
      run: s.run,
    }))
}

/* A question goes to the chat as a draft: it is sent there, by the person. */
export function askInChat(text: string, principal: string): Hit[] {
  const q = text.trim()
  if (q.length < 3) return []
  return [
    {
      id: 'ask',
      group: 'Chat',
      label: `Ask in the chat: ${inert(clip(q, 80))}`,
      icon: 'chat',
      run: () => {
        useDraft(`chat.${principal}.new`).value = q
        void router.push(scoped({ name: 'chat' }))
      },
    },
  ]
}

interface MatchPage {
  matches: (Match & { counterparty?: string })[]
}

/* The engine's own search; what it cannot answer now is simply not found. */
export async function search(text: string, signal: AbortSignal): Promise<Hit[]> {
  const q = text.trim()
  if (q.length < 2) return []
  const [waiting, matches] = await Promise.allSettled([
    get<EscalationPage>('escalations', { q, limit: 8 }, signal),
    get<MatchPage>('matches', { q, limit: 8 }, signal),
  ])
  const hits: Hit[] = []
  if (waiting.status === 'fulfilled')
    for (const e of waiting.value.escalations)
      hits.push({
        id: e.escalation_id,
        group: 'Waiting',
        label: `${toolWords(e.tool)} ${e.amount ? `${formatAmount(e.amount)} ${e.currency}` : ''}`,
        detail: `${e.code} · ${inert(e.counterparty ?? e.entity_id ?? '')}`,
        icon: 'inbox',
        run: () => void router.push(scoped({ name: 'inbox', params: { id: e.escalation_id } })),
      })
  if (matches.status === 'fulfilled')
    for (const m of matches.value.matches ?? [])
      hits.push({
        id: m.match_id,
        group: 'Matches',
        label: `${matchTypeWords(m.match_type)} ${formatAmount(m.amount)} ${m.currency}`,
        detail: `${m.entity_id} · account ${m.account_id}`,
        icon: 'reconcile',
        run: () => void router.push(scoped({ name: 'reconciliation', params: { id: m.match_id } })),
      })
  return hits
}
