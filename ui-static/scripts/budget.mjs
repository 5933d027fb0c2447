// The first load: index.html, its entry with all it imports statically, and their styles, gzipped.
// Usage: node scripts/budget.mjs    (after `npm run build`; exit 1 above 200 kB)
import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'

const LIMIT = 200_000
const dist = new URL('../dist/', import.meta.url)
const read = (name) => readFileSync(new URL(name, dist))
const seen = new Map()

function take(name) {
  if (seen.has(name)) return
  const bytes = read(name)
  seen.set(name, gzipSync(bytes, { level: 9 }).length)
  if (!name.endsWith('.js')) return
  // what is imported at once; import(…) is for later
  for (const m of bytes.toString().matchAll(/(?:from|^import|;import)\s*"\.\/([^"]+)"/g)) take('assets/' + m[1])
}

const page = read('index.html').toString()
seen.set('index.html', gzipSync(page).length)
for (const m of page.matchAll(/(?:src|href)="\/(assets\/[^"]+)"/g)) take(m[1])
let sum = 0
for (const [name, size] of seen) {
  sum += size
  console.log(String(size).padStart(8), name)
}
console.log(String(sum).padStart(8), `gzip in all; the limit is ${LIMIT}`)
process.exit(sum > LIMIT ? 1 : 0)
