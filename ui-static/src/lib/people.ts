/* Who has something, in words; and to whom it could be given. */
import { computed } from 'vue'
import { useSession } from '@/api/session'
import { spaced } from './words'

const roles = ['controller', 'treasurer', 'accountant', 'ap_clerk', 'auditor']

export function usePeople() {
  const { session, me } = useSession()
  const mine = computed(() => me.value?.principal_id ?? '')

  function holderWords(principal: string | undefined | null, name?: string): string {
    if (!principal) return 'Nobody'
    if (principal === mine.value) return 'You'
    if (name) return name
    if (principal.startsWith('role:')) return spaced(principal.slice(5))
    if (principal.startsWith('human:')) return principal.slice(6)
    const lent = [...(me.value?.delegations.lent ?? []), ...(me.value?.delegations.borrowed ?? [])]
    return lent.find((l) => l.principal_id === principal)?.name ?? `…${principal.slice(-6)}`
  }
  /* what the field suggests; anything else can be typed */
  const suggested = computed(() => [
    ...(session.value?.people?.map((p) => `human:${p.person}`) ?? []),
    ...[...new Set([...(me.value?.roles.map((r) => r.role) ?? []), ...roles])].map((r) => `role:${r}`),
  ])
  return { me, mine, holderWords, suggested }
}
