import { VueQueryPlugin } from '@tanstack/vue-query'
import { flushPromises, mount } from '@vue/test-utils'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { queryClient } from '@/api/query'
import { Unreachable } from '@/api/http'
import ApprovalCard from '@/screens/chat/ApprovalCard.vue'
import ComposerBox from '@/screens/chat/ComposerBox.vue'
import { attempts } from '@/screens/inbox/decisions'
import ModelTools from '@/screens/settings/ModelTools.vue'
import { router } from '@/router'

const plugins = [[VueQueryPlugin, { queryClient }] as [typeof VueQueryPlugin, { queryClient: typeof queryClient }], router] as const
let sent: { url: string; body: Record<string, unknown> }[] = []
let answers: Record<string, () => Response | Promise<Response>> = {}
const says = (status: number, body: unknown) => () => new Response(JSON.stringify(body), { status })

const me = { actor: 'human:maria', principal_id: 'prn_m', roles: [{ role: 'controller', entity: 'all' }], entities: [], delegations: { lent: [], borrowed: [] }, tools: [], policy: { login_age_max_s: {} } }
const signedIn = (roles = me.roles) => says(200, { signed_in: true, env: 'dev', backend: 'dev', version: '1', csrf: 'c', person: { name: 'Maria', actor: 'human:maria', principal_id: 'prn_m' }, me: { ...me, roles }, engine: { reachable: true } })

beforeEach(() => {
  sent = []
  attempts.clear()
  queryClient.clear()
  answers = { 'GET session': signedIn() }
  vi.stubGlobal('fetch', (url: string, init: RequestInit) => {
    const path = url.replace('/api/v1/', '').split('?')[0]
    if (init.method !== 'GET') sent.push({ url: path!, body: JSON.parse(String(init.body)) as Record<string, unknown> })
    const answer = answers[`${init.method} ${path}`]
    return answer ? Promise.resolve(answer()) : Promise.resolve(new Response('{}', { status: 404 }))
  })
})
afterEach(() => vi.unstubAllGlobals())

const settle = async () => {
  for (let i = 0; i < 4; i++) await flushPromises()
}

describe('what a person says', () => {
  const draft = () => `chat.test.${Math.random()}`
  const box = (send: (t: string) => Promise<void>, more = {}) => mount(ComposerBox, { props: { draft: draft(), answering: false, send, placeholder: 'x', ...more }, attachTo: document.body })

  it('goes out by Enter, and the words are gone once they have arrived', async () => {
    const said: string[] = []
    const w = box(async (t) => void said.push(t))
    await w.find('textarea').setValue(' what is open? ')
    await w.find('textarea').trigger('keydown', { key: 'Enter' })
    await settle()
    expect(said).toEqual(['what is open?'])
    expect(w.find('textarea').element.value).toBe('')
  })
  it('begins a line by Shift and Enter, and leaves a composing keyboard alone', async () => {
    const said: string[] = []
    const w = box(async (t) => void said.push(t))
    await w.find('textarea').setValue('a')
    await w.find('textarea').trigger('keydown', { key: 'Enter', shiftKey: true })
    await w.find('textarea').trigger('keydown', { key: 'Enter', isComposing: true })
    expect(said).toEqual([])
  })
  it('is kept when there is no answer, and somebody looks whether it arrived', async () => {
    const w = box(() => Promise.reject(new Unreachable(0, 'no_answer', '')))
    await w.find('textarea').setValue('kept')
    await w.find('textarea').trigger('keydown', { key: 'Enter' })
    await settle()
    expect(w.find('textarea').element.value).toBe('kept')
    expect(w.find('[role=alert]').text()).toContain('may have arrived or not')
    expect(w.emitted('lost')).toEqual([['kept']])
  })
  it('waits while an answer is under way, which can be stopped', async () => {
    const said: string[] = []
    const w = box(async (t) => void said.push(t), { answering: true })
    await w.find('textarea').setValue('next')
    await w.find('textarea').trigger('keydown', { key: 'Enter' })
    expect(said).toEqual([])
    await w.findAll('button').find((b) => b.text().startsWith('Stop'))!.trigger('click')
    expect(w.emitted('stop')).toHaveLength(1)
  })
  it('is sent once, however fast somebody presses', async () => {
    let go!: () => void
    const said: string[] = []
    const w = box((t) => (said.push(t), new Promise<void>((r) => (go = r))))
    await w.find('textarea').setValue('once')
    await w.find('textarea').trigger('keydown', { key: 'Enter' })
    await w.find('textarea').trigger('keydown', { key: 'Enter' })
    go()
    await settle()
    expect(said).toEqual(['once'])
  })
})

const clause = 'Above materiality a person confirms.'
const escalation = (more = {}) => ({
  escalation_id: 'esc_1', code: '7QK4-M2XD', state: 'PENDING', tool: 'confirm_match', tier: 'T2', entity_id: 'us', object_type: 'match', object_id: 'mat_1', amount: '12.00', currency: 'USD',
  reason: 'MATERIALITY_OVER_THRESHOLD', clause, pointer: '/c', requester: 'llm:chat.ses_1', created_at: '2026-03-04T09:00:00Z', expires_at: '2026-03-11T09:00:00Z', digest: 'd1',
  bound: { tool: 'confirm_match', requester: 'llm:chat.ses_1', arguments: {}, clause, pointer: '/c', reason: 'x', policy_version: 'p1234567890', expires_at: '', facts: { account_id: '1010', legs: [] } },
  may: { confirm: { may: true, with_rationale: true }, reject: { may: true } }, ...more,
})
const card = async (more = {}) => {
  answers['GET escalations/esc_1'] = says(200, { escalation: escalation(more), match: null })
  const w = mount(ApprovalCard, { props: { escalation: 'esc_1' }, global: { plugins: [...plugins] }, attachTo: document.body })
  await settle()
  return w
}
const button = (w: Awaited<ReturnType<typeof card>>, words: string) => w.findAll('button').find((b) => b.text().includes(words))!

describe('an approval within a conversation', () => {
  it('shows what will happen, the clause and the code, and asks for words first', async () => {
    const w = await card()
    for (const words of ['Confirm match', '12.00', clause, '7QK4-M2XD']) expect(w.text()).toContain(words)
    await button(w, 'Confirm match').trigger('click')
    expect(sent).toEqual([])
    expect(w.text()).toContain('Say why in a few words first')
  })
  it('is decided as the person, on the digest that was shown, and recorded only when the engine says so', async () => {
    let answer!: (r: Response) => void
    const w = await card()
    answers['POST escalations/esc_1/decision'] = () => new Promise((r) => (answer = r))
    await w.find('textarea').setValue('agrees')
    await button(w, 'Confirm match').trigger('click')
    await settle()
    expect(sent[0]!.body).toMatchObject({ decision: 'confirm', digest: 'd1', rationale: 'agrees' })
    expect(w.text()).toContain('recording…')
    expect(w.text()).not.toContain('recorded')
    answer(says(200, { status: 'ok', seq: 98, state: 'APPROVED' })())
    await settle()
    expect(w.text()).toContain('Confirmed · recorded')
    expect(w.text()).toContain('#98')
    expect(w.emitted('decided')).toHaveLength(1)
  })
  it('says in its place that it is stale, and decides nothing', async () => {
    const w = await card()
    answers['POST escalations/esc_1/decision'] = says(409, { status: 'stale', difference: [{ pointer: '/amount', was: '12.00', now: '13.00' }] })
    await w.find('textarea').setValue('agrees')
    await button(w, 'Confirm match').trigger('click')
    await settle()
    expect(w.text()).toContain('Nothing was done')
    expect(w.text()).toContain('13.00')
    expect(w.find('textarea').element.value).toBe('agrees')
    expect(w.emitted('decided')).toBeUndefined()
  })
  it('cannot be pressed by whose agent asked, and says why', async () => {
    const w = await card({ may: { confirm: { may: false, because: 'your_agent_asked' }, reject: { may: true } } })
    await button(w, 'Confirm match').trigger('click')
    expect(sent).toEqual([])
    expect(w.text()).toContain('Your own agent asked for this')
  })
  it('has no buttons any more once it is settled', async () => {
    const w = await card({ state: 'REJECTED', decided: { seq: 7, event_type: 'ESCALATION_REJECTED', at: '2026-03-04T10:00:00Z', by: { actor: 'human:sam', name: 'Sam' } } })
    expect(w.text()).toContain('Rejected')
    expect(button(w, 'Confirm match')).toBeUndefined()
  })
})

describe('tools of the model', () => {
  const held = { name: 'propose_match', title: 'Propose', summary: 's', state: 'changed', read_only: false, sha256: 'ab'.repeat(32), definition: { description: 'b' }, accepted_definition: { description: 'a' } }
  const shown = async () => {
    answers['GET chat'] = says(200, { configured: true })
    answers['GET chat/tools'] = says(200, { tools: [held, { ...held, name: 'x', state: 'off', why: 'administration' }] })
    const w = mount(ModelTools, { global: { plugins: [...plugins] }, attachTo: document.body })
    await settle()
    return w
  }
  it('are accepted by the digest that was looked at', async () => {
    answers['POST chat/tools/propose_match/accept'] = says(200, {})
    const w = await shown()
    expect(w.find('.gone').text()).toContain('"a"')
    expect(w.find('.new').text()).toContain('"b"')
    await w.findAll('button').find((b) => b.text().includes('Accept'))!.trigger('click')
    await settle()
    expect(sent).toEqual([{ url: 'chat/tools/propose_match/accept', body: { sha256: held.sha256 } }])
  })
  it('are not accepted by others, who are told', async () => {
    answers['GET session'] = signedIn([{ role: 'accountant', entity: 'all' }])
    const w = await shown()
    expect(w.text()).toContain('Only a controller or an administrator may accept')
    await w.findAll('button').find((b) => b.text().includes('Accept'))!.trigger('click')
    expect(sent).toEqual([])
  })
  it('say it when the definition is another by now', async () => {
    answers['POST chat/tools/propose_match/accept'] = says(409, { error: 'conflict', message: 'no' })
    const w = await shown()
    await w.findAll('button').find((b) => b.text().includes('Accept'))!.trigger('click')
    await settle()
    expect(w.text()).toContain('another definition by now')
  })
})
