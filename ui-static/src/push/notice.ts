/* A push message as something to show. What is no message of ours is still said to be there: a
 * browser shows something for each push, or shows its own words. */
export interface Notice {
  title: string
  body: string
  tag?: string
  path: string
}

const INBOX = '/inbox'

/* Only a path of our own: where a message leads is never another site. */
export function pathOf(url: unknown): string {
  if (typeof url !== 'string') return INBOX
  try {
    const u = new URL(url, 'https://workspace.invalid')
    return u.protocol === 'https:' || u.protocol === 'http:' ? u.pathname.replace(/^\/+/, '/') + u.search : INBOX
  } catch {
    return INBOX
  }
}

function line(v: unknown, max: number): string {
  return typeof v === 'string' ? v.slice(0, max) : ''
}

export function noticeOf(text: string): Notice {
  let m: Record<string, unknown> = {}
  try {
    const v: unknown = JSON.parse(text)
    if (typeof v === 'object' && v !== null) m = v as Record<string, unknown>
  } catch {
    /* shown without its words */
  }
  return {
    title: line(m.title, 200) || 'Something waits for you in closegate',
    body: line(m.body, 200),
    tag: line(m.tag, 64) || undefined,
    path: pathOf(m.url),
  }
}
