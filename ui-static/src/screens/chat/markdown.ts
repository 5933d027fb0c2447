/* What a model wrote, as a tree that cannot do anything: a subset of Markdown, by an allow-list of
 * tokens. What is not on it becomes text. There is no HTML on the way: the tree becomes vnodes
 * (ModelText), its texts become text nodes. */
import MarkdownIt from 'markdown-it'
import type Token from 'markdown-it/lib/token.mjs'

export type Inline =
  | { kind: 'text'; text: string }
  | { kind: 'code'; text: string }
  | { kind: 'break' }
  | { kind: 'strong' | 'em' | 's'; children: Inline[] }
  | { kind: 'link'; href: string; children: Inline[] }
  | { kind: 'image'; alt: string }

export type Align = 'start' | 'center' | 'end'

export type Block =
  | { kind: 'paragraph'; children: Inline[] }
  | { kind: 'heading'; level: number; children: Inline[] }
  | { kind: 'code'; text: string; language: string }
  | { kind: 'rule' }
  | { kind: 'quote'; children: Block[] }
  | { kind: 'list'; ordered: boolean; start: number; items: Block[][] }
  | { kind: 'table'; head: Inline[][]; rows: Inline[][][]; align: Align[] }

/* A longer text is not laid out: it is shown as it is. */
export const LAID_OUT_MAX = 40_000

const options = { html: false, linkify: false, typographer: false, breaks: false, maxNesting: 24 }
const reader = new MarkdownIt('default', options)

// a text stays a text: nothing is made of bare addresses, dashes or quotes
reader.disable(['linkify', 'replacements', 'smartquotes'])

interface Cursor {
  tokens: readonly Token[]
  at: number
}

const wrappers: Record<string, 'strong' | 'em' | 's'> = { strong_open: 'strong', em_open: 'em', s_open: 's' }

function leaf(t: Token): Inline | null {
  switch (t.type) {
    case 'text':
    case 'html_inline':
      return t.content ? { kind: 'text', text: t.content } : null
    case 'code_inline':
      return { kind: 'code', text: t.content }
    case 'softbreak':
      return { kind: 'text', text: ' ' }
    case 'hardbreak':
      return { kind: 'break' }
    case 'image':
      return { kind: 'image', alt: t.content }
    default:
      return t.content ? { kind: 'text', text: t.content } : null
  }
}

function inlines(c: Cursor, until?: string): Inline[] {
  const list: Inline[] = []
  while (c.at < c.tokens.length) {
    const t = c.tokens[c.at++]!
    if (t.type === until) break
    const wrap = wrappers[t.type]
    if (wrap) list.push({ kind: wrap, children: inlines(c, `${wrap}_close`) })
    else if (t.type === 'link_open') list.push({ kind: 'link', href: t.attrGet('href') ?? '', children: inlines(c, 'link_close') })
    else {
      const one = leaf(t)
      if (one) list.push(one)
    }
  }
  return list
}

/* The inline token that stands here, if one does. */
function line(c: Cursor): Inline[] {
  const t = c.tokens[c.at]
  if (t?.type !== 'inline') return []
  c.at++
  return inlines({ tokens: t.children ?? [], at: 0 })
}

function skip(c: Cursor, type: string): void {
  if (c.tokens[c.at]?.type === type) c.at++
}

function alignOf(t: Token): Align {
  const style = t.attrGet('style') ?? ''
  return style.endsWith('right') ? 'end' : style.endsWith('center') ? 'center' : 'start'
}

function table(c: Cursor): Block {
  const head: Inline[][] = []
  const align: Align[] = []
  const rows: Inline[][][] = []
  while (c.at < c.tokens.length) {
    const t = c.tokens[c.at++]!
    if (t.type === 'table_close') break
    if (t.type === 'tr_open' && head.length) rows.push([])
    if (t.type === 'th_open') {
      align.push(alignOf(t))
      head.push(line(c))
    }
    if (t.type === 'td_open') rows.at(-1)?.push(line(c))
  }
  return { kind: 'table', head, rows, align }
}

function list(c: Cursor, open: Token): Block {
  const items: Block[][] = []
  const end = open.type.replace('_open', '_close')
  while (c.at < c.tokens.length) {
    const t = c.tokens[c.at++]!
    if (t.type === end) break
    if (t.type === 'list_item_open') items.push(blocks(c, 'list_item_close'))
  }
  return { kind: 'list', ordered: open.type === 'ordered_list_open', start: Number(open.attrGet('start') ?? 1), items }
}

function paragraph(c: Cursor): Block {
  const children = line(c)
  skip(c, 'paragraph_close')
  return { kind: 'paragraph', children }
}

function heading(c: Cursor, open: Token): Block {
  const children = line(c)
  skip(c, 'heading_close')
  return { kind: 'heading', level: Number(open.tag.slice(1)), children }
}

function block(c: Cursor, t: Token): Block | null {
  switch (t.type) {
    case 'paragraph_open':
      return paragraph(c)
    case 'heading_open':
      return heading(c, t)
    case 'fence':
    case 'code_block':
      return { kind: 'code', text: t.content.replace(/\n$/, ''), language: t.info.trim().split(/\s+/)[0] ?? '' }
    case 'hr':
      return { kind: 'rule' }
    case 'blockquote_open':
      return { kind: 'quote', children: blocks(c, 'blockquote_close') }
    case 'bullet_list_open':
    case 'ordered_list_open':
      return list(c, t)
    case 'table_open':
      return table(c)
    default: {
      if (t.type === 'inline') c.at--
      const children: Inline[] = t.type === 'inline' ? line(c) : t.content ? [{ kind: 'text', text: t.content }] : []
      return children.length ? { kind: 'paragraph', children } : null
    }
  }
}

function blocks(c: Cursor, until?: string): Block[] {
  const found: Block[] = []
  while (c.at < c.tokens.length) {
    const t = c.tokens[c.at++]!
    if (t.type === until) break
    const one = block(c, t)
    if (one) found.push(one)
  }
  return found
}

export function readMarkdown(text: string): Block[] {
  return blocks({ tokens: reader.parse(text, {}), at: 0 })
}

/* ---- links ---- */

export type Target =
  | { kind: 'place'; path: string }
  | { kind: 'address'; href: string; scheme: 'http' | 'https' | 'mailto'; host: string; mixed: boolean }
  /* not shown as a link at all */
  | { kind: 'none'; href: string }

/* Where a link would lead. A path of ours is a place; http, https and mailto are addresses that somebody
 * may look at; anything else is none. `host` is as it is asked for (xn--…), and `mixed` says that it
 * would be drawn with other letters. */
export function targetOf(href: string): Target {
  if (/^\/(?![/\\])/.test(href)) return { kind: 'place', path: href }
  let url: URL
  try {
    url = new URL(href)
  } catch {
    return { kind: 'none', href }
  }
  if (url.protocol === 'mailto:') return { kind: 'address', href: url.href, scheme: 'mailto', host: url.pathname, mixed: false }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return { kind: 'none', href }
  const mixed = url.hostname.split('.').some((part) => part.startsWith('xn--'))
  return { kind: 'address', href: url.href, scheme: url.protocol === 'http:' ? 'http' : 'https', host: url.host, mixed }
}

/* Without marks, for what is read aloud. */
export function plainOf(list: readonly Inline[]): string {
  return list
    .map((i) => (i.kind === 'text' || i.kind === 'code' ? i.text : i.kind === 'image' ? i.alt : i.kind === 'break' ? ' ' : plainOf(i.children)))
    .join('')
}
