/* Who is here, and how the engine is. */
import { useQuery } from '@tanstack/vue-query'
import { computed } from 'vue'
import { connection, get, post, resource } from './http'
import { queryClient } from './query'
import type { Session, Verify } from './types'

let before: Session | undefined
const hooks: (() => void)[] = []

/* Runs when somebody else than before has signed in. */
export function onOtherPerson(run: () => void): void {
  hooks.push(run)
}

function samePerson(a: Session | undefined, b: Session): boolean {
  return a?.person?.principal_id === b.person?.principal_id
}

/* While the engine is away, what it last said of this person still stands on the screen. */
function remember(s: Session): void {
  if (!s.signed_in) return
  if (before && !samePerson(before, s)) hooks.forEach((run) => run())
  if (!s.me && samePerson(before, s)) s.me = before?.me
  before = s
}

async function load(): Promise<Session> {
  const s = await get<Session>('session')
  remember(s)
  connection.csrf = s.csrf ?? ''
  if (s.signed_in) connection.expired = false
  if (s.engine.reachable) connection.engineLostAt = 0
  else connection.engineLostAt ||= s.engine.since ? Date.parse(s.engine.since) : Date.now()
  return s
}

export function useSession() {
  const query = useQuery({
    queryKey: ['session'],
    queryFn: load,
    meta: { topics: ['engine', 'policy'] },
    // while the engine is away we ask whether it is back
    refetchInterval: () => (connection.engineLostAt || connection.agentLostAt ? 4000 : false),
  })
  const session = computed(() => query.data.value)
  const me = computed(() => session.value?.me ?? null)
  const entities = computed(() => me.value?.entities ?? [])
  return { ...query, session, me, entities }
}

export function useVerify() {
  return useQuery({
    queryKey: ['audit', 'verify'],
    queryFn: ({ signal }) => resource<Verify>('recon://verify', signal),
    staleTime: 60_000,
  })
}

/* Somebody else sits here now: nothing that the one before saw stays. */
async function changedPerson(): Promise<void> {
  await queryClient.cancelQueries()
  queryClient.removeQueries({ predicate: (q) => q.queryKey[0] !== 'session' })
  await queryClient.refetchQueries({ queryKey: ['session'] })
}

export async function becomePerson(person: string): Promise<void> {
  await post('session/dev', { person })
  await changedPerson()
}

export async function signOut(): Promise<void> {
  const r = await post<{ redirect?: string }>('logout')
  if (r.redirect) {
    location.assign(r.redirect)
    return
  }
  location.assign('/')
}

export function loginUrl(session: Session | undefined): string {
  const back = encodeURIComponent(location.pathname + location.search)
  return `${session?.login_url ?? '/auth/login'}?return=${back}`
}

/* A sign-in for one decision: the provider signs what is decided. */
export function freshLoginUrl(id: string, decision: string, digest: string): string {
  const q = new URLSearchParams({ escalation: id, decision, digest, return: location.pathname + location.search })
  return `/auth/fresh?${q}`
}
