/* The agent's JSON API: one fetch with the session's token, and one class of error for each thing a
 * screen must tell apart. */
import { reactive } from 'vue'
import { unattended } from '@/lib/attended'

const BASE = '/api/v1/'

export class ApiError extends Error {
  constructor(
    readonly status: number,
    /* "input", "denied", … */
    readonly kind: string,
    message: string,
    readonly pointer?: string,
    readonly requestId?: string,
    /* the whole answer, when it was one of ours */
    readonly body?: Record<string, unknown>,
  ) {
    super(message)
    this.name = new.target.name
  }
}
/* 401: nobody is signed in (any more). */
export class SignedOut extends ApiError {}
/* 403: policy says no, or the page is not ours. */
export class Denied extends ApiError {}
export class Missing extends ApiError {}
/* 409: the ground has moved, or somebody else was first. */
export class Conflict extends ApiError {}
export class BadInput extends ApiError {}
/* 503, or no answer at all: what was asked may or may not have happened. */
export class Unreachable extends ApiError {}

const classes: Record<number, typeof ApiError> = {
  401: SignedOut,
  403: Denied,
  404: Missing,
  409: Conflict,
  413: BadInput,
  422: BadInput,
  502: Unreachable,
  503: Unreachable,
  504: Unreachable,
}

/* What only the engine can answer; the rest the agent answers also without it. */
const asksEngine = /^(escalations|tools|resource|matches|stats|audit|policy)\b/

/* What the last answers said of the world; the shell shows it. */
export const connection = reactive({
  csrf: '',
  /* a session was there and is not any more */
  expired: false,
  /* since when the workspace's own service does not answer */
  agentLostAt: 0,
  /* since when the engine does not */
  engineLostAt: 0,
  /* the server's clock less ours */
  clockOffset: 0,
})

function hearClock(r: Response): void {
  const at = Date.parse(r.headers.get('Date') ?? '')
  if (!Number.isNaN(at)) connection.clockOffset = at - Date.now()
}

/* By the server's clock, which is what its log goes by. */
export function serverNow(): number {
  return Date.now() + connection.clockOffset
}

function text(v: unknown): string | undefined {
  return typeof v === 'string' ? v : undefined
}

function errorOf(status: number, body: Record<string, unknown>): ApiError {
  // an answer that did come and cannot be shown: it names the place
  const unreadable = status === 503 && text(body.pointer)?.startsWith('/') === true
  const Kind = unreadable ? ApiError : (classes[status] ?? ApiError)
  const kind = text(body.error) ?? text(body.status) ?? `http_${status}`
  const message = text(body.message) ?? text(body.clause) ?? `the workspace answered with ${status}`
  return new Kind(status, kind, message, text(body.pointer), text(body.request_id), body)
}

async function bodyOf(r: Response): Promise<Record<string, unknown>> {
  try {
    return (await r.json()) as Record<string, unknown>
  } catch {
    return {}
  }
}

/* 2xx is an answer (202: it waits for a person); anything else is thrown. */
export async function request<T>(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<T> {
  const headers: Record<string, string> = { Accept: 'application/json' }
  if (body !== undefined) headers['Content-Type'] = 'application/json'
  if (method !== 'GET') headers['X-CSRF-Token'] = connection.csrf
  else if (unattended()) headers['X-Closegate-Unattended'] = '1'
  let r: Response
  try {
    r = await fetch(BASE + path, {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      credentials: 'same-origin',
      cache: 'no-store',
      signal,
    })
  } catch (e) {
    if (signal?.aborted) throw e
    connection.agentLostAt ||= Date.now()
    throw new Unreachable(0, 'no_answer', 'The workspace’s service does not answer.')
  }
  connection.agentLostAt = 0
  hearClock(r)
  const answer = await bodyOf(r)
  if (r.ok) {
    if (asksEngine.test(path)) connection.engineLostAt = 0
    return answer as T
  }
  const error = errorOf(r.status, answer)
  if (error instanceof SignedOut) connection.expired = true
  if (error instanceof Unreachable) connection.engineLostAt ||= Date.now()
  throw error
}

export function get<T>(path: string, query: Record<string, string | number | undefined> = {}, signal?: AbortSignal): Promise<T> {
  const q = new URLSearchParams()
  for (const [k, v] of Object.entries(query)) if (v !== undefined && v !== '') q.set(k, String(v))
  const s = q.toString()
  return request<T>('GET', s ? `${path}?${s}` : path, undefined, signal)
}

export function post<T>(path: string, body: unknown = {}): Promise<T> {
  return request<T>('POST', path, body)
}

/* A resource of the engine, as the signed-in person. */
export function resource<T>(uri: string, signal?: AbortSignal): Promise<T> {
  return get<T>('resource', { uri }, signal)
}

/* A tool of the engine, as the signed-in person. */
export function tool<T>(name: string, args: Record<string, unknown>): Promise<T> {
  return post<T>('tools/' + encodeURIComponent(name), args)
}
