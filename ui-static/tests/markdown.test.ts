import { mount } from '@vue/test-utils'
import { describe, expect, it } from 'vitest'
import { createMemoryHistory, createRouter } from 'vue-router'
import ModelText from '@/screens/chat/ModelText.vue'
import { LAID_OUT_MAX, readMarkdown, targetOf, type Block } from '@/screens/chat/markdown'

const page = { template: '<i />' }
const router = createRouter({
  history: createMemoryHistory(),
  routes: [
    { path: '/exceptions/:id?', name: 'exceptions', component: page },
    { path: '/settings', name: 'settings', component: page },
    { path: '/:rest(.*)*', name: 'missing', component: page },
  ],
})
const drawn = (text: string) => mount(ModelText, { props: { text }, global: { plugins: [router], stubs: { teleport: true } } })

/* Everything that a browser could run, fetch or follow. */
function alive(text: string): string[] {
  const found: string[] = []
  for (const el of drawn(text).element.querySelectorAll('*:not(svg.icon, svg.icon *)')) {
    if (/^(script|img|iframe|object|embed|svg|math|form|input|style|link|meta|base|video|audio|source)$/.test(el.localName)) found.push(el.localName)
    for (const a of el.attributes) if (/^on|^(src|srcset|style|action|formaction|background|poster|ping)$/.test(a.name)) found.push(`${el.localName} ${a.name}`)
    const href = el.getAttribute('href')
    if (href && !href.startsWith('/exceptions')) found.push(`href ${href}`)
  }
  return found
}

describe('what a model wrote, laid out', () => {
  it('has paragraphs, emphasis, code, lists, quotes, rules and tables', () => {
    const w = drawn('# Close\n\n**two** *of* `three`\n\n- a\n- b\n  1. c\n\n> quoted\n\n---\n\n| a | b |\n|---|--:|\n| 1 | 2.00 |\n\n```sql\nselect 1\n```')
    for (const tag of ['h4', 'strong', 'em', 'code', 'ul > li', 'ul ol > li', 'blockquote p', 'hr', 'th', 'td.align-end', 'pre code']) expect(w.find(tag).exists(), tag).toBe(true)
    expect(w.find('pre').text()).toBe('select 1')
  })
  it('never has a heading above the page’s own', () => {
    const w = drawn('# one\n\n## two\n\n###### six')
    expect(w.findAll('h1, h2, h3').length).toBe(0)
    expect(w.findAll('h4, h5, h6').length).toBe(3)
  })
  it('keeps the number a list begins with', () => {
    expect(drawn('3. three\n4. four').find('ol').attributes('start')).toBe('3')
  })
  it('makes nothing of bare addresses', () => {
    const w = drawn('see https://evil.example/x and www.evil.example and a@evil.example')
    expect(w.find('button, a').exists()).toBe(false)
  })
})

const hostile: Record<string, string> = {
  'a script': '<script>alert(1)</script>',
  'an image with a handler': '<img src=x onerror="alert(1)">',
  'markup within a line': 'a <b onclick=alert(1)>b</b> <svg/onload=alert(1)> c',
  'an unclosed comment': '<!-- <img src=x onerror=alert(1)>',
  'a javascript link': '[click](javascript:alert(1))',
  'a javascript link with a tab and entities': '[click](java&#9;script&colon;alert(1)) [x](&#106;avascript:alert(1))',
  'a javascript autolink': '<javascript:alert(1)>',
  'a data link': '[click](data:text/html;base64,PHNjcmlwdD4=)',
  'a vbscript link': '[click](VBScript:msgbox(1))',
  'a blob, a file, an unknown scheme': '[a](blob:http://x/1) [b](file:///etc/passwd) [c](slack://open)',
  'a reference link': '[click][1]\n\n[1]: javascript:alert(1) "title"',
  'an image': '![alt](https://evil.example/p.png?q=secret)',
  'an image as data': '![alt](data:image/svg+xml;base64,PHN2Zy8+)',
  'an image within a link': '[![alt](https://evil.example/p.png)](https://evil.example)',
  'an image by reference': '![x][i]\n\n[i]: https://evil.example/p.png',
  'nested images': '![a ![b](https://evil.example/b.png) c](https://evil.example/a.png)',
  'a link with a title that breaks out': '[x](https://evil.example "\\" onmouseover=alert(1) x=\\"")',
  'a fence whose language is markup': '```"><img src=x onerror=alert(1)>\nx\n```',
  'a table with markup': '| <img src=x onerror=alert(1)> | b |\n|---|---|\n| <script>1</script> | ![x](//evil.example/x.png) |',
  'a protocol-relative link': '[x](//evil.example/path) [y](/\\evil.example)',
  'moustaches': '{{ constructor.constructor("alert(1)")() }}',
  'deep quotes': '>'.repeat(5000) + ' x',
  'deep lists': Array.from({ length: 200 }, (_, i) => ' '.repeat(i * 2) + '- x').join('\n'),
  'deep brackets': '['.repeat(3000) + 'x' + ']('.repeat(3000),
  'stars without end': '*'.repeat(20000) + 'a',
}

describe('what a model wrote to do harm', () => {
  for (const [name, text] of Object.entries(hostile))
    it(`is only text: ${name}`, () => {
      expect(alive(text)).toEqual([])
    })
  it('shows markup as the characters it is', () => {
    expect(drawn('a <b>b</b> <img src=x>').text()).toContain('<b>b</b> <img src=x>')
  })
  it('says what an image is, and that it was not loaded', () => {
    expect(drawn('![the chart](https://evil.example/p.png)').text()).toBe('the chart (image not loaded)')
  })
  it('marks what turns lines around, in text, code and link words', () => {
    const w = drawn('pay \u202egpj.exe `a\u200bb` [l\u2066x](https://x.example)\n\n```\n\u202e\n```')
    expect(w.findAll('.inert-mark').map((m) => m.text())).toEqual(['RLO', 'ZWSP', 'LRI', 'RLO'])
    expect(w.text()).not.toMatch(/[\u202a-\u202e\u2066-\u2069\u200b]/)
  })
  it('is not laid out when it goes on and on, and opens when asked', async () => {
    const w = drawn('**x** '.repeat(LAID_OUT_MAX))
    expect(w.find('strong').exists()).toBe(false)
    expect(w.text().length).toBeLessThan(5000)
    await w.find('button').trigger('click')
    expect(w.text().length).toBeGreaterThan(LAID_OUT_MAX)
  })
  it('is read in no time, whatever it is', () => {
    const began = performance.now()
    for (const text of ['`'.repeat(LAID_OUT_MAX), '|a'.repeat(13000) + '\n' + '|-'.repeat(13000), '[a](<'.repeat(8000), '*a_'.repeat(13000), '&#x'.repeat(13000)]) readMarkdown(text.slice(0, LAID_OUT_MAX))
    expect(performance.now() - began).toBeLessThan(4000)
  })
})

describe('a link that a model wrote', () => {
  it('is a button that shows the whole address first', async () => {
    const w = drawn('[the bank’s page](https://evil.example/login?next=%2F&acct=123)')
    expect(w.find('a').exists()).toBe(false)
    HTMLDialogElement.prototype.showModal ??= function (this: HTMLDialogElement) {
      this.open = true
    }
    await w.find('button.model-link').trigger('click')
    const dialog = w.find('dialog')
    expect(dialog.text()).toContain('https://evil.example/login?next=%2F&acct=123')
    expect(dialog.text()).toContain('evil.example')
    const out = dialog.find('a')
    expect(out.attributes('rel')).toContain('noopener')
    expect(out.attributes('referrerpolicy')).toBe('no-referrer')
  })
  it('to a name that looks like another is shown as it is asked for', async () => {
    const w = drawn('[apple.com](https://\u0430pple.com/)')
    await w.find('button.model-link').trigger('click')
    expect(w.find('dialog').text()).toContain('xn--pple-43d.com')
    expect(w.find('dialog').text()).toContain('letters that can look like others')
    expect(w.find('dialog').text()).toContain('name another place')
  })
  it('to a screen of ours is a link, as long as the screen only shows', () => {
    expect(drawn('[it](/exceptions/exc_1?entity=us)').find('a').attributes('href')).toBe('/exceptions/exc_1?entity=us')
    for (const path of ['/settings?slack=CODE', '/auth/logout', '/api/v1/session', '/nowhere']) expect(drawn(`[it](${path})`).find('a, button').exists(), path).toBe(false)
  })
  it('is known by its scheme alone', () => {
    expect(targetOf('https://user:pw@a.example:8443/x')).toMatchObject({ kind: 'address', host: 'a.example:8443' })
    expect(targetOf('mailto:a@b.example')).toMatchObject({ kind: 'address', scheme: 'mailto', host: 'a@b.example' })
    for (const bad of ['javascript:alert(1)', ' javascript:alert(1)', 'JaVaScRiPt:1', 'data:text/html,x', 'file:///x', 'x', '//a.example', '/\\a.example', '', 'http:'])
      expect(targetOf(bad).kind, bad).toBe('none')
  })
})

describe('the tree', () => {
  it('knows only what is allowed', () => {
    const kinds = new Set<string>()
    const walk = (list: readonly Block[]): void => {
      for (const b of list) {
        kinds.add(b.kind)
        if (b.kind === 'quote') walk(b.children)
        if (b.kind === 'list') b.items.forEach(walk)
      }
    }
    for (const text of Object.values(hostile)) walk(readMarkdown(text))
    for (const k of kinds) expect(['paragraph', 'heading', 'code', 'rule', 'quote', 'list', 'table']).toContain(k)
  })
})
