/* The books' names in an accountant's words. What is not listed is shown as it is, spaced. */
import type { IconName } from '@/icons/names'

export type Tone = 'good' | 'warn' | 'bad' | 'accent' | 'none'

export function spaced(name: string): string {
  const s = name.replace(/[_-]+/g, ' ').trim().toLowerCase()
  return s.charAt(0).toUpperCase() + s.slice(1)
}

const tools: Record<string, string> = {
  confirm_match: 'Confirm match',
  reject_match: 'Reject match',
  unmatch: 'Take a match back',
  resolve_exception: 'Resolve exception',
  set_delegation: 'Lend a seat',
  propose_rule: 'Add a matching rule',
  retire_rule: 'Retire a matching rule',
  propose_policy: 'Change the policy',
  grant_role: 'Grant a role',
  change_person: 'Change a person',
  change_client: 'Change a program',
  link_identity: 'Link an identity',
  load_master: 'Load master data',
  thaw: 'Lift a freeze',
  propose_match: 'Propose match',
  escalate_match: 'Put before a person',
  flag_exception: 'Flag an exception',
  assign_item: 'Assign',
  comment_item: 'Comment',
  attach_evidence: 'Attach evidence',
  run_recon_pass: 'Run a pass',
  cancel_run: 'Stop a run',
  freeze: 'Freeze',
}

export function toolWords(tool: string): string {
  return tools[tool] ?? spaced(tool)
}

const reasons: Record<string, string> = {
  MATERIALITY_OVER_THRESHOLD: 'Above materiality',
  CUMULATIVE_OVER_THRESHOLD: 'Above materiality together',
  ACCOUNT_FORCED_HUMAN: 'Account needs a person',
  STRATEGY_REQUIRES_HUMAN: 'Kind of match needs a person',
  AMBIGUOUS_MATCH: 'More than one candidate',
  AUTO_CONFIRM_CAP: 'Automatic limit reached',
  FX_RATE_MISSING: 'No exchange rate',
  FX_RATE_STALE: 'Old exchange rate',
  SECOND_APPROVER_REQUIRED: 'Needs a second approver',
  SOD_SAME_ACTOR: 'Separation of duties',
  NOT_AUTHORISED: 'Not authorised',
  AUTH_TOO_OLD: 'Needs a fresh sign-in',
  MISSING_RATIONALE: 'Needs a reason',
  ESCALATED: 'Put before a person',
  TIER_REQUIRES_HUMAN: 'For people only',
  PERIOD_CLOSED: 'Period is closed',
  BULK_LIMIT: 'Above the limit for several at once',
  STATE_INVALID: 'Too late',
  FROZEN: 'Frozen',
}

export function reasonWords(reason: string): string {
  return reasons[reason] ?? spaced(reason)
}

const matchTypes: Record<string, string> = {
  exact: 'Exact',
  hard_key: 'Same key',
  reference: 'Same reference',
  one_to_many: 'One to many',
  many_to_one: 'Many to one',
  many_to_many: 'Many to many',
  amount_only: 'Amount only',
  tolerance_fee: 'Within fee tolerance',
  fx: 'Across currencies',
}

export function matchTypeWords(type: string): string {
  return matchTypes[type] ?? spaced(type)
}

interface StateWords {
  words: string
  icon: IconName
  tone: Tone
}

const states: Record<string, StateWords> = {
  PENDING: { words: 'Waiting for a decision', icon: 'clock', tone: 'accent' },
  STAGE_APPROVED: { words: 'Waiting for a second approver', icon: 'person', tone: 'accent' },
  INFO_REQUESTED: { words: 'Waiting for an answer', icon: 'question', tone: 'warn' },
  APPROVED: { words: 'Confirmed', icon: 'check', tone: 'good' },
  REJECTED: { words: 'Rejected', icon: 'cross', tone: 'bad' },
  WITHDRAWN: { words: 'Withdrawn', icon: 'undo', tone: 'none' },
  EXPIRED: { words: 'Expired, nothing was done', icon: 'clock', tone: 'warn' },
  STALE: { words: 'Changed since it was asked', icon: 'warn', tone: 'warn' },
  PROPOSED_MATCH: { words: 'Proposed', icon: 'clock', tone: 'accent' },
  CONFIRMED: { words: 'Confirmed', icon: 'check', tone: 'good' },
  REVERSED: { words: 'Taken back', icon: 'undo', tone: 'none' },
  OPEN: { words: 'Open', icon: 'exception', tone: 'warn' },
  INVESTIGATING: { words: 'Being looked into', icon: 'search', tone: 'accent' },
  ESCALATED: { words: 'Put before a person', icon: 'up', tone: 'warn' },
  RESOLVED: { words: 'Resolved', icon: 'check', tone: 'good' },
  WRITTEN_OFF: { words: 'Written off', icon: 'check', tone: 'none' },
  RUNNING: { words: 'Running', icon: 'play', tone: 'accent' },
  DONE: { words: 'Done', icon: 'check', tone: 'good' },
  COMPLETED: { words: 'Done', icon: 'check', tone: 'good' },
  FAILED: { words: 'Failed', icon: 'warn', tone: 'bad' },
  CANCELLED: { words: 'Cancelled', icon: 'cross', tone: 'none' },
}

export function stateWords(state: string): StateWords {
  return states[state] ?? states[state.toUpperCase()] ?? { words: spaced(state), icon: 'info', tone: 'none' }
}

/* Why the engine would not take this decision from this person now. */
const becauses: Record<string, string> = {
  you_asked: 'You asked for this. Somebody else has to decide it.',
  your_agent_asked: 'Your own agent asked for this. Somebody else has to decide it.',
  same_person: 'You already stand behind this. It takes another pair of eyes.',
  not_your_role: 'None of your roles covers this.',
  needs_fresh_login: 'This needs a fresh sign-in first.',
  not_here: 'This cannot be decided from here.',
  frozen: 'This is frozen.',
  blocked: 'The policy blocks this.',
  too_late: 'It is too late for this.',
  human_only: 'Only people may decide this.',
  settled: 'This is settled already.',
  not_now: 'There is nothing to answer now.',
  changed: 'What would happen has changed since this was asked.',
  policy: 'The policy does not allow this now.',
}

export function becauseWords(because: string | undefined): string {
  return because ? (becauses[because] ?? spaced(because)) : ''
}

/* "engine:auto-confirm" and the like, for people. */
export function actorWords(actor: string): string {
  if (actor === 'engine:auto-confirm') return 'closegate, automatically'
  if (actor === 'engine:matcher') return "closegate's matcher"
  if (actor.startsWith('engine:')) return `closegate (${actor.slice(7)})`
  if (actor.startsWith('human:')) return actor.slice(6)
  if (actor.startsWith('llm:')) return `agent ${actor.slice(4)}`
  return actor
}
