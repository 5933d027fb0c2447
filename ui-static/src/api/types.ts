/* What the agent's API answers with: the names that screens use for the shapes its handlers check
 * (types.gen.ts), and those that only the engine knows. Ids, digests and amounts are texts. */
import type * as gen from './types.gen'

export type { AuditPage, Match, Outcome, Policy } from './types.gen'

export interface Money {
  amount: string
  currency: string
}

/* ---- session ---- */

export interface Entity {
  entity_id: string
  name?: string
  currency?: string
  zone?: string
}

export interface Grant {
  role: string
  entity: string
  lent_by?: string
  max?: Money
  single_max?: Money
}

export interface Loan {
  principal_id: string
  name: string
  from: string
  until: string
  rationale?: string
}

/* recon://me */
export interface Me {
  actor: string
  kind: string
  channel: string
  principal_id: string
  human?: string
  name: string
  status: string
  roles: { role: string; entity: string }[]
  entities: Entity[]
  sees_all: boolean
  may: Record<string, Grant[]>
  tools: string[]
  delegations: { lent: Loan[]; borrowed: Loan[] }
  freezes: { scope: string; value?: string; reason: string; seq: number }[]
  env: 'prod' | 'dev'
  engine_version: string
  book_id: string
  head: { seq: number; hash: string; at: string } | null
  policy_version: string
  policy: {
    version: string
    materiality?: Money
    bulk?: { max_items: number; max_amount?: Money; reasons?: string[] }
    sla_hours: number
    expiry_hours: number
    own_agent: string
    login_age_max_s?: Record<string, number>
  }
}

export interface Session {
  signed_in: boolean
  env: 'prod' | 'dev'
  backend: 'oidc' | 'header-trust' | 'dev'
  version: string
  person?: { name: string; actor: string; principal_id: string }
  me?: Me | null
  csrf?: string
  auth_time?: string
  expires_at?: string
  trouble?: string
  people?: { person: string; what: string }[]
  login_url?: string
  engine: { reachable: boolean; since?: string; why?: string; version?: string }
}

/* recon://verify */
export interface Verify {
  book_id: string
  intact: boolean
  from_seq: number
  to_seq: number
  events: number
  head: string
  last_utc: string
  covers: string
}

/* ---- escalations ---- */

export type EscalationPage = gen.EscalationPage
/* A line of the list. */
export type Escalation = EscalationPage['escalations'][number]
/* With everything that a decision needs. */
export type EscalationDetail = gen.Escalation
export type Bound = EscalationDetail['bound']
export type BoundLeg = NonNullable<NonNullable<Bound['facts']>['legs']>[number]
export type Leg = gen.Match['legs'][number]
export type Candidate = NonNullable<gen.Match['alternatives']>[number]
export type Compared = NonNullable<gen.Match['compared']>[number]
export type Actor = NonNullable<gen.Match['proposed_by']>
export type Comment = NonNullable<gen.Match['comments']>[number]
export type EventHead = NonNullable<EscalationDetail['events']>[number]
export type Mays = NonNullable<EscalationDetail['may']>
/* What the gate would say now. */
export type May = NonNullable<Mays['confirm']>
export type Difference = NonNullable<May['difference']>[number]
export type Counts = NonNullable<EscalationPage['counts']>
export type ItemOutcome = NonNullable<gen.Outcome['results']>[number]

export interface Note {
  kind: 'question' | 'answer'
  by: string
  at: string
  text: string
}

export interface EscalationScreen {
  escalation: EscalationDetail
  match: gen.Match | null
}

/* ---- decisions ---- */

export type DecisionName = 'confirm' | 'reject' | 'withdraw' | 'request_info' | 'answer'

export interface Review {
  opened_at: string
  evidence_opened: string[]
}

/* ---- recon://status ---- */

export interface StatusEntity {
  entity_id: string
  name: string
  matches: Record<string, number>
  exceptions: Record<string, number>
  exception_states: Record<string, number>
}

export interface Status {
  book_id: string
  policy_version: string
  entities: StatusEntity[]
}
