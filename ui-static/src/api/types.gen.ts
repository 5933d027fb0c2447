// Printed by `closegate-agent docs types` from the tables its handlers check answers with: do not edit.
// Amounts are decimal text, times are UTC instants, days are YYYY-MM-DD.

/** recon://matches/{id} */
export interface Match {
  match_id: string
  entity_id: string
  account_id: string
  state: string
  version: number
  class: string
  match_type: string
  rule: string
  source: string
  proposer: string
  amount: string
  currency: string
  /** bank less ledger */
  difference: string
  difference_account?: string | null
  score_bp?: number
  ambiguous?: boolean
  rationale?: string | null
  legs: {
    entry_id: string
    version: number
    /** bank, gl or subledger */
    side: string
    amount: string
    currency?: string | null
    date?: string | null
    entity_id?: string | null
    account_id?: string | null
    /** untrusted, as memo and reference */
    counterparty?: string | null
    memo?: string | null
    reference?: string | null
    journal_id?: string | null
    /** only a part of the entry belongs here */
    part?: boolean
  }[]
  compared?: {
    field: string
    bank?: string | null
    book?: string | null
    /** absent: looked at, not scored */
    score_bp?: number
  }[]
  evidence?: {
    /** by field, 10000 is all */
    score_parts_bp?: Record<string, number>
    runner_up_bp?: number
    margin_bp?: number
    /** more than one: ambiguous */
    solutions?: number
  } | null
  alternatives?: {
    entry_id: string
    side?: string
    amount?: string
    currency?: string | null
    date?: string | null
    counterparty?: string | null
    memo?: string | null
    reference?: string | null
    score_bp?: number
    state?: string
  }[]
  accounts?: {
    account_id: string
    name?: string
    class?: string
    reconciled?: boolean
  }[]
  period?: {
    from: string
    to: string
  } | null
  counterparties?: string[]
  proposed_by?: {
    /** human:…, llm:… or engine:… */
    actor: string
    name?: string
    on_behalf_of?: {
      principal_id?: string
      actor?: string
      name?: string
    } | null
  } | null
  proposed_at?: string
  proposed_seq?: number
  decided?: {
    seq: number
    event_type: string
    at: string
    by?: {
      /** human:…, llm:… or engine:… */
      actor: string
      name?: string
      on_behalf_of?: {
        principal_id?: string
        actor?: string
        name?: string
      } | null
    }
    tool?: string
    rationale?: string | null
  } | null
  /** the open escalation */
  waits_as?: string | null
  comments?: {
    comment_id: string
    author: string
    author_kind?: string
    created_at: string
    /** as it was written: untrusted */
    text: string
  }[]
  [member: string]: unknown
}

/** GET escalations */
export interface EscalationPage {
  escalations: {
    escalation_id: string
    /** what people compare: 7QK4-M2XD */
    code: string
    state: string
    tool: string
    tier?: string
    entity_id?: string | null
    object_type?: string | null
    object_id?: string | null
    amount?: string | null
    currency?: string | null
    reason: string
    /** word for word */
    clause: string
    pointer: string
    created_at: string
    /** a decision repeats it */
    digest: string
    sla_due_at?: string | null
    overdue?: boolean
    /** the first that is bound: untrusted, as memo */
    counterparty?: string
    /** the first that is bound, when no counterparty is */
    memo?: string
    /** with its sign, when one entry of the bank is bound */
    bank_amount?: string
  }[]
  /** of the first page */
  counts?: {
    total: number
    overdue?: number
    matching?: number
    by_reason?: Record<string, number>
    by_entity?: Record<string, number>
  } | null
  next_cursor?: string | null
  [member: string]: unknown
}

/** recon://escalations/{id} */
export interface Escalation {
  escalation_id: string
  /** what people compare: 7QK4-M2XD */
  code: string
  state: string
  tool: string
  tier?: string
  entity_id?: string | null
  object_type?: string | null
  object_id?: string | null
  amount?: string | null
  currency?: string | null
  reason: string
  /** word for word */
  clause: string
  pointer: string
  created_at: string
  /** a decision repeats it */
  digest: string
  sla_due_at?: string | null
  overdue?: boolean
  requester: string
  expires_at: string
  bound: {
    tool: string
    requester: string
    arguments: Record<string, unknown>
    /** ids; null where the contra is not known */
    accounts?: unknown[]
    entities?: string[]
    entity_id?: string | null
    amount?: string | null
    currency?: string | null
    clause: string
    pointer: string
    reason: string
    policy_version: string
    expires_at: string
    object?: {
      id: string
      type: string
      version: number
    } | null
    facts?: {
      account_id?: string
      difference?: string
      legs?: {
        entry_id: string
        version: number
        side: string
        amount: string
        currency?: string | null
        date?: string | null
        counterparty?: string | null
        memo?: string | null
        reference?: string | null
      }[]
      match_type?: string
      rule?: string
      score_bp?: number
    } | null
  }
  notes?: Record<string, unknown>[]
  to?: {
    /** a person; or */
    principal?: string
    role?: string
    /** who put it before them */
    by: string
  }[]
  assigned_to?: {
    /** a person; or */
    principal?: string
    role?: string
    /** who put it before them */
    by: string
  } | null
  you_asked?: boolean
  may_decide?: boolean
  why_not?: string | null
  decided_by?: string | null
  entities?: {
    entity_id: string
    name?: string
    currency?: string
    zone?: string
  }[]
  accounts?: {
    account_id: string
    name?: string
    class?: string
    reconciled?: boolean
  }[]
  counterparties?: string[]
  period?: {
    from: string
    to: string
  } | null
  requested_by?: {
    /** human:…, llm:… or engine:… */
    actor: string
    name?: string
    on_behalf_of?: {
      principal_id?: string
      actor?: string
      name?: string
    } | null
  } | null
  proposed_by?: {
    /** human:…, llm:… or engine:… */
    actor: string
    name?: string
    on_behalf_of?: {
      principal_id?: string
      actor?: string
      name?: string
    } | null
  } | null
  stages?: {
    needed: number
    missing: number
    approved?: {
      actor: string
      name?: string
    }[]
    you_approved?: boolean
  } | null
  may?: {
    confirm?: {
      may: boolean
      /** own words are required */
      with_rationale?: boolean
      /** the first of two approvals */
      needs_another?: boolean
      because?: string
      reason?: string
      clause?: string
      pointer?: string
      difference?: {
        /** into the bound facts */
        pointer: string
        was?: unknown
        now?: unknown
      }[]
    }
    reject?: {
      may: boolean
      /** own words are required */
      with_rationale?: boolean
      /** the first of two approvals */
      needs_another?: boolean
      because?: string
      reason?: string
      clause?: string
      pointer?: string
      difference?: {
        /** into the bound facts */
        pointer: string
        was?: unknown
        now?: unknown
      }[]
    }
    withdraw?: {
      may: boolean
      /** own words are required */
      with_rationale?: boolean
      /** the first of two approvals */
      needs_another?: boolean
      because?: string
      reason?: string
      clause?: string
      pointer?: string
      difference?: {
        /** into the bound facts */
        pointer: string
        was?: unknown
        now?: unknown
      }[]
    }
    request_info?: {
      may: boolean
      /** own words are required */
      with_rationale?: boolean
      /** the first of two approvals */
      needs_another?: boolean
      because?: string
      reason?: string
      clause?: string
      pointer?: string
      difference?: {
        /** into the bound facts */
        pointer: string
        was?: unknown
        now?: unknown
      }[]
    }
    answer?: {
      may: boolean
      /** own words are required */
      with_rationale?: boolean
      /** the first of two approvals */
      needs_another?: boolean
      because?: string
      reason?: string
      clause?: string
      pointer?: string
      difference?: {
        /** into the bound facts */
        pointer: string
        was?: unknown
        now?: unknown
      }[]
    }
  } | null
  decided?: {
    seq: number
    event_type: string
    at: string
    by?: {
      /** human:…, llm:… or engine:… */
      actor: string
      name?: string
      on_behalf_of?: {
        principal_id?: string
        actor?: string
        name?: string
      } | null
    }
    tool?: string
    rationale?: string | null
  } | null
  comments?: {
    comment_id: string
    author: string
    author_kind?: string
    created_at: string
    /** as it was written: untrusted */
    text: string
  }[]
  events?: {
    seq: number
    event_type: string
    at: string
    by: string
    tool?: string | null
    ruling?: string | null
    reason?: string | null
    rationale?: string | null
    state_from?: string | null
    state_to?: string | null
  }[]
  more_events?: boolean
  [member: string]: unknown
}

/** What a tool answered */
export interface Outcome {
  /** ok, pending_approval, denied, stale, or how it was settled */
  status: string
  /** of the audit event */
  seq?: number
  reason?: string
  clause?: string
  pointer?: string
  escalation_id?: string
  code?: string
  digest?: string
  decided_by?: string
  state?: string
  match_id?: string
  difference?: {
    /** into the bound facts */
    pointer: string
    was?: unknown
    now?: unknown
  }[]
  next?: string
  /** of several at once */
  results?: {
    escalation_id: string
    /** ok, pending_approval, denied, stale, settled, failed */
    status: string
    seq?: number
    reason?: string
    clause?: string
    pointer?: string
    message?: string
    outcome?: string
    decided_by?: string
    next?: string
    difference?: {
      /** into the bound facts */
      pointer: string
      was?: unknown
      now?: unknown
    }[]
  }[]
  /** closegate-receipt/1 of that event: to be checked */
  receipt?: Record<string, unknown>
  [member: string]: unknown
}

/** GET audit */
export interface AuditPage {
  events: {
    seq: number
    hash_prev: string
    hash_self: string
    /** as it was hashed (docs/AUDIT.md) */
    event: Record<string, unknown>
  }[]
  next_cursor?: string | null
  [member: string]: unknown
}

/** GET policy */
export interface Policy {
  policy_version: string
  text: string
  clauses: {
    pointer: string
    text: string
    line: number
  }[]
  [member: string]: unknown
}

/** POST escalations/ID/decision */
export interface Decision {
  /** confirm, reject, withdraw, request_info or answer */
  decision: string
  /** of the facts that were shown */
  digest: string
  /** the decider's own words */
  rationale?: string
  /** one a click: a repeated request is the same decision */
  idempotency_key: string
  /** {opened_at, evidence_opened[]}: what was looked at */
  review?: Record<string, unknown>
}

/** POST escalations/decisions */
export interface Bulk {
  /** confirm or reject */
  decision: string
  /** the decider's own words */
  rationale?: string
  /** one a click */
  idempotency_key: string
  /** array of {escalation_id, digest} */
  items: Record<string, unknown>[]
  /** what was looked at */
  review?: Record<string, unknown>
}

/** PUT filters */
export interface Filter {
  /** inbox, exceptions … */
  screen: string
  /** what the person calls it */
  name: string
  /** of the page's address, without the question mark */
  query: string
}

/** Tokens and money, and their limits */
export interface Spent {
  tokens: number
  /** null: no limit */
  tokens_max: number | null
  cost: string
  /** null: no limit */
  cost_max: string | null
}

/** GET chat */
export interface ChatSetup {
  configured: boolean
  /** why not */
  why?: string
  api?: string
  model?: string
  suggestions?: {
    title: string
    text: string
  }[]
  /** since the UTC day began */
  spent?: {
    /** its limits alone: what a session used is its own */
    session?: Spent
    person_day: Spent
    day: Spent
    currency: string
  }
  /** absent while the engine is not there */
  tools?: {
    offered: number
    withheld: number
  }
}

/** A conversation */
export interface ChatSession {
  session_id: string
  title: string
  state: 'ACTIVE' | 'WAITING_TOOL' | 'WAITING_HUMAN' | 'ENDED' | 'FAILED'
  entity_id?: string
  origin: 'chat' | 'ask' | 'run'
  api: string
  model: string
  turn_open: boolean
  created_at: string
  used_at: string
  input_tokens: number
  output_tokens: number
  cost: string
  /** how many, with those that are not shown */
  rows: number
}

/** GET chat/sessions */
export interface ChatSessions {
  sessions: ChatSession[]
  /** of the next page: before */
  next?: string
}

/** What became of what was said */
export interface ChatTaken {
  session_id: string
  /** of the row that was said */
  n: number
}

/** What it says */
export interface TextPart {
  type: 'text'
  text: string
}

/** A tool that it asks for */
export interface CallPart {
  type: 'call'
  call_id: string
  tool: string
  arguments?: Record<string, unknown>
  /** what it wrote instead of arguments */
  malformed?: string
}

/** A part of what the model answered */
export type AnswerPart = TextPart | CallPart

/** What a person said */
export interface SaidRow {
  kind: 'said'
  n: number
  turn: number
  at: string
  latency_ms?: number
  text: string
}

/** What the model answered */
export interface AnsweredRow {
  kind: 'answered'
  n: number
  turn: number
  at: string
  latency_ms?: number
  /** with what the cache gave */
  input_tokens?: number
  output_tokens?: number
  cost?: string
  parts: AnswerPart[]
  /** end, calls, length, refused, stopped */
  stop: string
  provider_id?: string
  provider_model?: string
}

/** What a call came to */
export interface ReturnedRow {
  kind: 'returned'
  n: number
  turn: number
  at: string
  latency_ms?: number
  call_id: string
  tool: string
  /** ok, pending_approval, denied, or how it failed */
  status: string
  is_error: boolean
  result?: unknown
  /** too large to be shown here */
  result_left_out?: boolean
  /** where there is no result: what the model was told */
  text?: string
  /** how many account numbers and the like were taken out */
  hidden?: number
  escalation_id?: string
  code?: string
  seq?: number
  reason?: string
  clause?: string
  pointer?: string
  match_id?: string
}

/** What happened in between */
export interface NotedRow {
  kind: 'noted'
  n: number
  turn: number
  at: string
  latency_ms?: number
  /** stopped, budget, steps, trouble, again, resumed, unknown, decided */
  what: string
  text: string
  escalation_id?: string
  /** the escalation's */
  state?: string
}

/** What the model is given instead of the rows above */
export interface SummedRow {
  kind: 'summed'
  n: number
  turn: number
  at: string
  latency_ms?: number
  /** with what the cache gave */
  input_tokens?: number
  output_tokens?: number
  cost?: string
  text: string
  /** the last row that it stands for */
  upto: number
}

/** A row of a conversation; none of it ever changes */
export type ChatRow = SaidRow | AnsweredRow | ReturnedRow | NotedRow | SummedRow

/** GET chat/sessions/ID */
export interface Talk {
  session: ChatSession
  rows: ChatRow[]
}

/** A tool, as the model is offered it or not */
export interface ModelTool {
  name: string
  title?: string
  summary: string
  state: 'offered' | 'new' | 'changed' | 'off'
  /** why it is not offered */
  why?: string
  sha256: string
  read_only: boolean
  /** a principal */
  accepted_by?: string
  accepted_at?: string
  accepted_sha256?: string
  definition?: Record<string, unknown>
  accepted_definition?: Record<string, unknown>
}

/** GET chat/tools */
export interface ModelTools {
  tools: ModelTool[]
}

/** POST chat/sessions/ID/messages */
export interface Said {
  /** what is asked */
  text: string
}

/** POST chat/sessions */
export interface FirstSaid {
  /** what is asked */
  text: string
  /** the entity that it is about */
  entity_id?: string
}

/** POST chat/tools/NAME/accept */
export interface Accept {
  /** of the definition that was read */
  sha256: string
}
