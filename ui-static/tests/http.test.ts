import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { BadInput, Conflict, connection, Denied, get, post, SignedOut, Unreachable } from '@/api/http'

const fetched = vi.fn()

function answer(status: number, body: unknown): void {
  fetched.mockResolvedValueOnce(new Response(JSON.stringify(body), { status }))
}

describe('the agent, asked', () => {
  beforeEach(() => vi.stubGlobal('fetch', fetched))
  afterEach(() => {
    vi.unstubAllGlobals()
    fetched.mockReset()
    Object.assign(connection, { csrf: '', expired: false, agentLostAt: 0, engineLostAt: 0 })
  })

  it('is shown the token with every change, and never with a question', async () => {
    connection.csrf = 'tok'
    answer(200, {})
    answer(200, {})
    await post('escalations/x/decision', { decision: 'confirm' })
    await get('escalations', { q: 'a&b', entity: '' })
    expect(fetched.mock.calls[0]![1].headers['X-CSRF-Token']).toBe('tok')
    expect(fetched.mock.calls[1]![0]).toBe('/api/v1/escalations?q=a%26b')
    expect(fetched.mock.calls[1]![1].headers['X-CSRF-Token']).toBeUndefined()
  })
  it('takes 202 as an answer: it waits for somebody', async () => {
    answer(202, { status: 'pending_approval' })
    expect(await post('x')).toEqual({ status: 'pending_approval' })
  })
  it('says by its class what went wrong', async () => {
    answer(403, { status: 'denied', clause: 'No.', pointer: '/clauses/X' })
    await expect(post('x')).rejects.toMatchObject({ constructor: Denied, pointer: '/clauses/X', message: 'No.' })
    answer(409, { status: 'stale', difference: [] })
    await expect(post('x')).rejects.toBeInstanceOf(Conflict)
    answer(422, { error: 'input', message: 'too long', pointer: '/rationale' })
    await expect(post('x')).rejects.toMatchObject({ constructor: BadInput, pointer: '/rationale' })
  })
  it('tells that the session is gone', async () => {
    answer(401, { error: 'signed_out', message: 'sign in first' })
    await expect(get('x')).rejects.toBeInstanceOf(SignedOut)
    expect(connection.expired).toBe(true)
  })
  it('tells an engine that is away from a service that is', async () => {
    answer(503, { error: 'upstream' })
    await expect(get('x')).rejects.toBeInstanceOf(Unreachable)
    expect(connection.engineLostAt).toBeGreaterThan(0)
    expect(connection.agentLostAt).toBe(0)
    fetched.mockRejectedValueOnce(new TypeError('network'))
    await expect(get('x')).rejects.toBeInstanceOf(Unreachable)
    expect(connection.agentLostAt).toBeGreaterThan(0)
    answer(200, {})
    await get('outbox')
    expect(connection.agentLostAt).toBe(0)
    expect(connection.engineLostAt).toBeGreaterThan(0) // the agent knows its outbox without it
    answer(200, {})
    await get('stats')
    expect(connection).toMatchObject({ agentLostAt: 0, engineLostAt: 0 })
  })
  it('takes an answer that cannot be shown for what it is, not for silence', async () => {
    answer(503, { error: 'upstream', message: 'cannot be shown', pointer: '/a' })
    await expect(get('x')).rejects.not.toBeInstanceOf(Unreachable)
    expect(connection.engineLostAt).toBe(0)
  })
  it('survives an answer that is no JSON', async () => {
    fetched.mockResolvedValueOnce(new Response('<html>', { status: 502 }))
    await expect(get('x')).rejects.toBeInstanceOf(Unreachable)
  })
})
