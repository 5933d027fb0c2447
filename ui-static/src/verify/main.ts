/* The page that checks a receipt without us: what is given, what comes of it, and nothing else. */
import { answerOf, base64Of, chainFile, hexOf, receiptFrom, receiptHolds, textOf, trustFromText, type Answer, type Evidence } from '@/lib/evidence'
import { pieces } from '@/lib/inert'
import { told } from './words'

const by = <T extends HTMLElement>(id: string) => document.getElementById(id) as T
const receipt = by<HTMLTextAreaElement>('receipt')
const key = by<HTMLInputElement>('key')
const chain = by<HTMLTextAreaElement>('chain')
const file = by<HTMLInputElement>('file')
const result = by('result')

function element(name: string, text = '', css = ''): HTMLElement {
  const e = document.createElement(name)
  if (css) e.className = css
  for (const p of pieces(text)) {
    if (!p.mark) {
      e.append(p.text)
      continue
    }
    const mark = document.createElement('span')
    mark.className = 'mark'
    mark.title = p.mark
    mark.textContent = p.text
    e.append(mark)
  }
  return e
}

function list(rows: readonly (readonly [string, string])[], css = ''): HTMLElement {
  const dl = document.createElement('dl')
  for (const [name, value] of rows) dl.append(element('dt', name), element('dd', value, css))
  return dl
}

function show(answer: Answer<Evidence>): void {
  const t = told(answer)
  const verdict = element('div', '', `verdict ${t.tone}`)
  verdict.append(element('strong', t.verdict), element('p', t.words))
  const parts: HTMLElement[] = [verdict]
  if (answer.state === 'verified') {
    const e = answer.found
    parts.push(element('h3', 'What the event says'), list(t.facts))
    const rows: [string, string][] = [
      ['Event’s hash', hexOf(e.hashSelf)],
      ['Hash of the event before', hexOf(e.receipt.hashPrev)],
      ['Root that was signed', base64Of(e.head.root)],
      ['Key', e.head.key.vkey],
    ]
    parts.push(element('h3', 'What was computed'), list(rows, 'mono'))
    const whole = document.createElement('details')
    whole.append(element('summary', 'The event, as it was hashed'), element('pre', t.event ?? ''))
    parts.push(whole)
  }
  result.replaceChildren(...parts)
  result.ariaBusy = null
}

let asked = 0

async function check(): Promise<void> {
  const mine = ++asked
  result.ariaBusy = 'true'
  // nothing of what was checked before stands over what is checked now
  result.replaceChildren(element('p', 'Checking…', 'none'))
  if (!receipt.value.trim() || !key.value.trim()) {
    result.replaceChildren(element('p', `Nothing is checked yet: ${receipt.value.trim() ? 'the key' : key.value.trim() ? 'the receipt' : 'both a receipt and a key'} is missing.`, 'none'))
    result.ariaBusy = null
    return
  }
  const answer = await answerOf(async () => {
    const statements = chain.value.trim() ? chainFile(chain.value) : []
    return receiptHolds(receiptFrom(fromField(receipt.value)), await trustFromText(key.value, statements))
  })
  if (mine === asked) show(answer)
}

/* A text field makes every line end the same, and whoever pastes may lose the last one. */
function fromField(text: string): string {
  const t = text.trim()
  return t.startsWith('c2sp.org/') ? t + '\n' : t
}

async function take(files: FileList | null | undefined): Promise<void> {
  asked++ // what is being checked now would be told over it
  result.replaceChildren(element('p', 'Reading the file…', 'none'))
  for (const f of files ?? []) {
    // as it is: what a browser would mend is not what was signed
    const read = await answerOf(async () => textOf(new Uint8Array(await f.arrayBuffer()), 'The file'))
    if (read.state !== 'verified') return show(read)
    const text = read.found
    if (text.includes('"closegate-key-chain/1"')) {
      chain.value = text
      chain.closest('details')!.open = true
    } else receipt.value = text
  }
  await check()
}

by('form').addEventListener('submit', (e) => {
  e.preventDefault()
  void check()
})
by('form').addEventListener('reset', () => setTimeout(() => void check()))
for (const field of [receipt, key, chain]) field.addEventListener('input', () => void check())
file.addEventListener('change', () => void take(file.files))
for (const name of ['dragover', 'dragleave', 'drop'])
  document.addEventListener(name, (e) => {
    e.preventDefault()
    document.body.classList.toggle('over', name === 'dragover')
    if (name === 'drop') void take((e as DragEvent).dataTransfer?.files)
  })
