/* What the books hold: accounts and their statements, matches, lines, exceptions, runs, rules. Amounts
 * are texts; what a screen does not use is not named here. */
import { useInfiniteQuery, useQuery } from '@tanstack/vue-query'
import { computed, type Ref } from 'vue'
import { get, resource, tool } from './http'
import type { Comment, Match as Proposal } from './types'

export type Side = 'bank' | 'gl'

const id = encodeURIComponent

/* ---- accounts ---- */

export interface Sum {
  count: number
  sum: string
}
export type EntryState = 'unmatched' | 'proposed' | 'confirmed' | 'exception'

export interface SideSums extends Record<EntryState, Sum> {
  account_id: string
  reconciled: boolean
  side: Side
  currency: string
}

export interface EntityBook {
  entity_id: string
  name: string
  matches: Record<string, number>
  exceptions: Record<string, number>
  exception_states: Record<string, number>
  broken_statements: unknown[]
  entries: SideSums[]
}

export function useBooks() {
  return useQuery({
    queryKey: ['status'],
    queryFn: ({ signal }) => resource<{ entities: EntityBook[] }>('recon://status', signal),
    meta: { topics: ['exceptions', 'matches', 'escalations', 'runs'] },
  })
}

export interface Balance {
  basis: 'statement' | 'carried' | 'movement' | 'ledger'
  balance?: string
  movement?: string
  adjusted?: string
  from_balance?: string
  from_date?: string
  moved?: string
}

export interface Section {
  section: string
  title: string
  adjusts: 'bank' | 'books'
  count: number
  effect: string
}

export interface StatementBreak {
  fault: 'BROKEN' | 'GAP'
  statement_id: string
  from: string
  to: string
  expected?: string
  found?: string
}

export interface Position {
  entity_id: string
  account_id: string
  account_name: string
  date: string
  currency: string
  bank: Balance
  books: Balance
  sections: Section[]
  unexplained?: string
  unlisted: string
  reconciled: boolean
  why_not: string[]
  statement_breaks: StatementBreak[]
}

export interface StatementItem {
  section: string
  entry_id?: string
  side?: Side
  date: string
  age_days: number
  amount: string
  effect: string
  counterparty?: string
  reference?: string
  memo?: string
  state?: string
  match_id?: string
  exception_id?: string
  class?: string
  exception_state?: string
}

export interface Statement extends Position {
  items: StatementItem[]
  next_cursor?: string
}

export interface Account {
  entity_id: string
  account_id: string
  name: string
  class: string
  currency: string
  positions: Position[]
}

export function accountQuery(entity: string, account: string) {
  return {
    queryKey: ['status', 'account', entity, account],
    queryFn: ({ signal }: { signal?: AbortSignal }) =>
      resource<Account>(`recon://accounts/${id(entity)}/${id(account)}`, signal),
    meta: { topics: ['exceptions', 'matches', 'escalations', 'runs'] },
  }
}

/* As of a day: the statement's figures without its items. */
export function positionQuery(of: StatementOf) {
  return {
    queryKey: ['status', 'position', of],
    queryFn: () =>
      tool<Position>('bank_reconciliation', {
        entity_id: of.entity,
        account_id: of.account,
        date: of.date,
        currency: of.currency,
        limit: 1,
      }),
    enabled: of.date !== '',
    meta: { topics: ['exceptions', 'matches', 'escalations', 'runs'] },
  }
}

export interface StatementOf {
  entity: string
  account: string
  date: string
  currency?: string
}

export function useStatement(of: Ref<StatementOf>) {
  return useInfiniteQuery(
    computed(() => ({
      queryKey: ['status', 'statement', of.value],
      queryFn: ({ pageParam }: { pageParam: string | undefined }) =>
        tool<Statement>('bank_reconciliation', {
          entity_id: of.value.entity,
          account_id: of.value.account,
          date: of.value.date,
          currency: of.value.currency || undefined,
          limit: 500,
          cursor: pageParam,
        }),
      initialPageParam: undefined as string | undefined,
      getNextPageParam: (page: Statement) => page.next_cursor,
      enabled: of.value.entity !== '' && of.value.account !== '' && of.value.date !== '',
      meta: { topics: ['exceptions', 'matches', 'escalations', 'runs'] },
    })),
  )
}

/* ---- lines ---- */

export interface Line {
  entry_id: string
  version: number
  entity_id?: string | null
  account_id: string
  side: string
  date: string
  amount: string
  currency: string
  counterparty?: string | null
  memo?: string | null
  reference?: string | null
  group_key?: string | null
  journal_id?: string | null
}

export interface LineVersion extends Line {
  source_id: string
  file_id: string
  row_no: number
  raw_sha256: string
}

export interface Entry {
  entry_id: string
  entity_id: string
  account_id: string
  state: EntryState
  open: string
  versions: LineVersion[]
  matches: { match_id: string; state: string; match_type: string; amount: string; currency: string }[]
  exceptions: { exception_id: string; class: string; state: string; seq: number }[]
}

export function useEntry(entry: Ref<string>) {
  return useQuery(
    computed(() => ({
      queryKey: ['status', 'entry', entry.value],
      queryFn: ({ signal }: { signal?: AbortSignal }) => resource<Entry>(`recon://entries/${id(entry.value)}`, signal),
      enabled: entry.value !== '',
      meta: { topics: ['exceptions', 'matches'] },
    })),
  )
}

/* ---- matches ---- */

export interface MatchRow {
  match_id: string
  entity_id: string
  account_id: string
  state: string
  class: string
  match_type: string
  rule: string
  source: string
  proposer: string
  amount: string
  currency: string
  difference: string
  score_bp: number
  ambiguous: boolean
  proposed_at: string
  decided_seq?: number
  legs: { entry_id: string; side: Side; date: string; amount: string; counterparty?: string; memo?: string; reference?: string }[]
  legs_n: number
  waits_as?: string
  reason?: string
  clause?: string
}

export interface Document {
  evidence_id: string
  name: string
  sha256: string
  media_type?: string
  bytes?: number
  added_by: string
  created_at: string
}

export interface Match extends Proposal {
  entity?: { entity_id: string; name: string; currency: string; zone: string }
  accounts?: { account_id: string; name?: string }[]
  counterparties?: string[]
  period?: { from: string; to: string } | null
  decided?: { seq: number; event_type: string; at: string; by: { actor: string; name?: string }; tool: string; rationale?: string | null }
  waits_as?: string
  documents?: Document[]
}

export interface MatchFilter {
  entity?: string
  account?: string
  state?: string
  from?: string
  to?: string
  q?: string
}

export function useMatches(filter: Ref<MatchFilter>) {
  const query = useInfiniteQuery({
    queryKey: ['matches', 'list', filter],
    queryFn: ({ pageParam, signal }) =>
      get<{ matches: MatchRow[]; next_cursor?: string }>('matches', { ...filter.value, limit: 200, cursor: pageParam }, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor,
    placeholderData: (before) => before,
    meta: { topics: ['escalations', 'status', 'runs'] },
  })
  const items = computed(() => query.data.value?.pages.flatMap((p) => p.matches) ?? [])
  return { ...query, items }
}

export function useMatch(match: Ref<string>) {
  return useQuery(
    computed(() => ({
      queryKey: ['matches', 'one', match.value],
      queryFn: ({ signal }: { signal?: AbortSignal }) => resource<Match>(`recon://matches/${id(match.value)}`, signal),
      enabled: match.value !== '',
      meta: { topics: ['escalations', 'status', 'runs'] },
    })),
  )
}

export interface AuditRow {
  seq: number
  event: {
    event_type: string
    timestamp_utc: string
    actor_id: string
    tool?: string
    state_from?: string
    state_to?: string
    rationale?: string
  }
}

export function useMatchEvents(match: Ref<string>) {
  return useQuery(
    computed(() => ({
      queryKey: ['audit', 'match', match.value],
      queryFn: () => tool<{ events: AuditRow[] }>('query_audit', { match_id: match.value, limit: 100 }),
      enabled: match.value !== '',
      meta: { topics: ['matches', 'escalations', 'status'] },
    })),
  )
}

/* ---- exceptions ---- */

export interface Exception {
  exception_id: string
  class: string
  state: string
  version: number
  /* a principal or role:NAME */
  assignee?: string
  assignee_name?: string
  listed_at: string
  open_days: number
  age_days: number
  entity_id: string
  account_id: string
  entry_id: string
  side: Side
  date: string
  amount: string
  open_amount: string
  currency: string
  counterparty?: string | null
  memo?: string | null
  detail?: { near_misses?: { entry_id: string; difference?: string; score_bp?: number }[] }
  comments?: Comment[]
  evidence?: Document[]
  history?: HistoryEvent[]
  superseded?: boolean
  outcome?: string
}

export interface HistoryEvent {
  seq: number
  timestamp_utc: string
  event_type: string
  actor_id: string
  tool?: string
  state_from?: string
  state_to?: string
  match_id?: string
  rationale?: string
  rationale_author?: string
}

export type Aging = Record<string, Record<string, number>>

interface ExceptionPage {
  exceptions: Exception[]
  /* whoever has more than the first page shows: entity -> cursor */
  next?: Record<string, string>
  next_cursor?: string
  aging?: Aging
}

/* Everything that stands, entity by entity behind the first pages. */
async function allExceptions(entity: string, signal?: AbortSignal): Promise<{ list: Exception[]; aging: Aging }> {
  const first = await resource<ExceptionPage>('recon://exceptions', signal)
  const list = [...first.exceptions]
  for (const [of, cursor] of Object.entries(first.next ?? {})) {
    if (entity && of !== entity) continue
    for (let at: string | undefined = cursor; at; ) {
      const page: ExceptionPage = await resource(`recon://exceptions/entity/${id(of)}/${id(at)}`, signal)
      list.push(...page.exceptions)
      at = page.next_cursor
    }
  }
  return { list, aging: first.aging ?? {} }
}

export function useExceptions(entity: Ref<string>) {
  return useQuery({
    queryKey: ['exceptions', 'list', entity],
    queryFn: ({ signal }) => allExceptions(entity.value, signal),
    placeholderData: (before) => before,
    meta: { topics: ['status', 'matches', 'runs'] },
  })
}

export function useException(exception: Ref<string>) {
  return useQuery(
    computed(() => ({
      queryKey: ['exceptions', 'one', exception.value],
      queryFn: ({ signal }: { signal?: AbortSignal }) =>
        resource<Exception>(`recon://exceptions/${id(exception.value)}`, signal),
      enabled: exception.value !== '',
      meta: { topics: ['status', 'matches'] },
    })),
  )
}

export interface Candidate extends Line {
  found_by?: string
  state?: EntryState
  match_id?: string
  why: string[]
}

export interface Investigation {
  entry_id: string
  state: EntryState
  match_id?: string
  open_amount: string
  entry: Line
  source?: {
    source_id: string
    file_id: string
    file: string
    file_sha256: string
    row: number
    row_sha256: string
    statement?: { statement_id: string; from: string; to: string; balanced?: boolean }
  }
  candidates: Candidate[]
  similar: (Line & { state?: EntryState; match_id?: string })[]
  journal: Line[]
  matches: { match_id: string; state: string; match_type: string; proposer: string; score_bp: number; entries: string[] }[]
  comments: Comment[]
  evidence: Document[]
  history: HistoryEvent[]
}

export function useInvestigation(entry: Ref<string>) {
  return useQuery(
    computed(() => ({
      queryKey: ['exceptions', 'entry', entry.value],
      queryFn: () => tool<Investigation>('investigate_exception', { entry_id: entry.value }),
      enabled: entry.value !== '',
      meta: { topics: ['status', 'matches'] },
    })),
  )
}

/* ---- runs and rules ---- */

export interface Run {
  run_id: string
  kind: string
  entity_id: string
  works_on: string
  state: string
  started_by: string
  on_behalf_of: string | null
  started_at: string
  moved_at: string
  chunks: number
  rows: number
  result: Record<string, unknown> | null
  error: string | null
  seq: number
}

const underWay = ['QUEUED', 'RUNNING', 'WAITING_HUMAN']

export function isUnderWay(run: Pick<Run, 'state'>): boolean {
  return underWay.includes(run.state)
}

export function useRuns() {
  return useQuery({
    queryKey: ['runs'],
    queryFn: ({ signal }) => resource<{ runs: Run[] }>('recon://runs', signal),
    // figures of a run under way move faster than it is told
    refetchInterval: (q) => (q.state.data?.runs.some(isUnderWay) ? 1000 : false),
  })
}

export interface Rule {
  rule_id: string
  state: string
  says: string
  version: number
  entity_id: string
  account_id?: string
  match_id?: string
  [key: string]: unknown
}

export function useRules() {
  return useQuery({
    queryKey: ['rules'],
    queryFn: ({ signal }) => resource<{ rules: Rule[] }>('recon://rules', signal),
    meta: { topics: ['status', 'escalations', 'policy'] },
  })
}
