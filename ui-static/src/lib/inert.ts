/* Texts of payees, files and models: what could turn a line around, hide in it or act as markup is
 * shown as a mark. Pieces become text nodes, never HTML. */
export interface Piece {
  text: string
  /* set on a mark: what the character is */
  mark?: string
}

const names: Record<number, readonly [short: string, whole: string]> = {
  0x00: ['NUL', 'null'],
  0x09: ['TAB', 'tab'],
  0x0a: ['↵', 'line break'],
  0x0d: ['CR', 'carriage return'],
  0x1b: ['ESC', 'escape'],
  0x7f: ['DEL', 'delete'],
  0xad: ['SHY', 'soft hyphen'],
  0x61c: ['ALM', 'Arabic letter mark'],
  0x200b: ['ZWSP', 'zero-width space'],
  0x200c: ['ZWNJ', 'zero-width non-joiner'],
  0x200d: ['ZWJ', 'zero-width joiner'],
  0x200e: ['LRM', 'left-to-right mark'],
  0x200f: ['RLM', 'right-to-left mark'],
  0x2028: ['LSEP', 'line separator'],
  0x2029: ['PSEP', 'paragraph separator'],
  0x202a: ['LRE', 'left-to-right embedding'],
  0x202b: ['RLE', 'right-to-left embedding'],
  0x202c: ['PDF', 'end of direction'],
  0x202d: ['LRO', 'left-to-right override'],
  0x202e: ['RLO', 'right-to-left override'],
  0x2060: ['WJ', 'word joiner'],
  0x2066: ['LRI', 'left-to-right isolate'],
  0x2067: ['RLI', 'right-to-left isolate'],
  0x2068: ['FSI', 'first-strong isolate'],
  0x2069: ['PDI', 'end of isolate'],
  0xfeff: ['BOM', 'byte order mark'],
}

// controls, formats (bidi, zero width, tags), line separators, unpaired surrogates, private use,
// and letters that are drawn as nothing
const odd = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}\u115f\u1160\u3164\uffa0\u2800]/u

function code(c: number): string {
  return 'U+' + c.toString(16).toUpperCase().padStart(4, '0')
}

export function pieces(text: string): Piece[] {
  const out: Piece[] = []
  let plain = ''
  for (const ch of text) {
    if (!odd.test(ch)) {
      plain += ch
      continue
    }
    if (plain) out.push({ text: plain })
    plain = ''
    const c = ch.codePointAt(0)!
    const name = names[c]
    out.push({ text: name ? name[0] : code(c), mark: name ? `${name[1]} (${code(c)})` : code(c) })
  }
  if (plain) out.push({ text: plain })
  return out
}

/* For attributes, titles and files: marks written out in the text. */
export function inert(text: string): string {
  return pieces(text)
    .map((p) => (p.mark ? `⟨${p.text}⟩` : p.text))
    .join('')
}

/* The first n characters (not halves of one). */
export function clip(text: string, n: number): string {
  if (text.length <= n) return text
  return Array.from(text.slice(0, n * 2)).slice(0, n).join('')
}
