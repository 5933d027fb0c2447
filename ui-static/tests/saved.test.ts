import { VueQueryPlugin } from '@tanstack/vue-query'
import { flushPromises, mount } from '@vue/test-utils'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createMemoryHistory, createRouter } from 'vue-router'
import { queryClient } from '@/api/query'
import { changeTo, queryToSave, sameOrder } from '@/lib/saved'
import SavedFilters from '@/ui/SavedFilters.vue'

const names = ['view', 'q', 'tier']

describe('a saved filter', () => {
  it('is the filters of an address and nothing else of it', () => {
    expect(queryToSave({ tier: 'T2', q: 'a & b', entry: 'ent_1', view: '' }, names)).toBe('q=a+%26+b&tier=T2')
  })
  it('takes out what was not set then', () => {
    expect(changeTo('q=a+%26+b&entry=ent_1', names)).toEqual({ view: '', q: 'a & b', tier: '' })
  })
  it('is known again in whatever order it was kept', () => {
    expect(sameOrder('tier=T2&q=x', names)).toBe(queryToSave({ q: 'x', tier: 'T2' }, names))
  })
})

/* ---- the agent's side, as its handlers answer ---- */

interface Kept {
  filter_id: string
  screen: string
  name: string
  query: string
}
let kept: Kept[] = []
let refuse = ''

function answer(url: string, init: RequestInit): Response {
  if (refuse && init.method !== 'GET') return new Response(JSON.stringify({ error: 'limit', message: refuse }), { status: 422 })
  if (init.method === 'PUT') {
    const f = JSON.parse(String(init.body)) as Omit<Kept, 'filter_id'>
    const same = kept.find((k) => k.name === f.name && k.screen === f.screen)
    if (same) same.query = f.query
    else kept.push({ ...f, filter_id: `flt_${kept.length + 1}` })
  }
  if (init.method === 'DELETE') kept = kept.filter((k) => !url.endsWith('/' + k.filter_id))
  return new Response(JSON.stringify({ filters: kept }), { status: 200 })
}

async function at(path: string) {
  const router = createRouter({ history: createMemoryHistory(), routes: [{ path: '/', component: SavedFilters }] })
  await router.push(path)
  const box = mount(SavedFilters, { props: { screen: 'inbox', names }, global: { plugins: [router, [VueQueryPlugin, { queryClient }]] } })
  await flushPromises()
  return { router, box }
}
type Box = Awaited<ReturnType<typeof at>>['box']
const chips = (box: Box) => box.findAll('.chip').map((c) => `${c.text()}${c.attributes('aria-pressed') === 'true' ? '*' : ''}`)
async function press(box: Box, label: string): Promise<void> {
  await box.findAll('button').find((b) => b.text() === label || b.attributes('aria-label') === label)!.trigger('click')
  await flushPromises()
}

describe('saved filters', () => {
  beforeEach(() => {
    kept = [
      { filter_id: 'flt_1', screen: 'inbox', name: 'Large', query: 'tier=T3' },
      { filter_id: 'flt_2', screen: 'exceptions', name: 'Old', query: 'age=121%2B' },
    ]
    refuse = ''
    queryClient.clear()
    // jsdom draws no modals
    HTMLDialogElement.prototype.showModal = function () { this.open = true }
    HTMLDialogElement.prototype.close = function () { this.open = false }
    vi.stubGlobal('fetch', (url: string, init: RequestInit) => Promise.resolve(answer(url, init)))
  })
  afterEach(() => vi.unstubAllGlobals())

  it('are those of the screen, and bring their address back', async () => {
    const { router, box } = await at('/?q=x&entry=ent_1')
    expect(chips(box)).toEqual(['Large'])
    await press(box, 'Large')
    expect(router.currentRoute.value.query).toEqual({ tier: 'T3', entry: 'ent_1' })
    expect(chips(box)).toEqual(['Large*'])
  })
  it('keep what is looked at under a name', async () => {
    const { box } = await at('/?q=acme')
    await press(box, 'Save this filter')
    await box.find('input').setValue('  Acme ')
    await box.find('form').trigger('submit')
    await flushPromises()
    expect(kept.at(-1)).toMatchObject({ screen: 'inbox', name: 'Acme', query: 'q=acme' })
    expect(chips(box)).toEqual(['Large', 'Acme*'])
    expect(box.find('form').exists()).toBe(false)
  })
  it('are dropped', async () => {
    const { box } = await at('/?tier=T3')
    await press(box, 'Drop the filter Large')
    expect(kept.map((k) => k.name)).toEqual(['Old'])
    expect(chips(box)).toEqual([])
  })
  it('say why one was not kept, and lose no name', async () => {
    refuse = 'no more filters can be kept; drop one'
    const { box } = await at('/?q=acme')
    await press(box, 'Save this filter')
    await box.find('input').setValue('Acme')
    await box.find('form').trigger('submit')
    await flushPromises()
    expect(box.find('[role=alert]').text()).toBe(refuse)
    expect(box.find('input').element.value).toBe('Acme')
  })
  it('offer nothing to keep where nothing is narrowed', async () => {
    kept = []
    const { box } = await at('/?entry=ent_1')
    expect(box.text()).toBe('')
  })
})
