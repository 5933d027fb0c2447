// Builds dist/closegate-verify.html: the page that checks receipts without us, of the same sources as
// the workspace, in one file whose policy allows its own script and style and nothing else.
// Usage: node scripts/verify.mjs    (after `vite build`)
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build, transformWithEsbuild } from 'vite'

const here = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url))
const target = ['chrome123', 'firefox120', 'safari17.5']

const built = await build({
  configFile: false,
  root: here(''),
  logLevel: 'warn',
  resolve: { alias: { '@': here('src') } },
  build: {
    write: false,
    target,
    lib: { entry: here('src/verify/main.ts'), formats: ['iife'], name: 'verify' },
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
})
const chunks = [built].flat().flatMap((b) => b.output)
if (chunks.length !== 1 || chunks[0].imports.length > 0) throw new Error(`the page would need more than one file: ${chunks.map((c) => c.fileName)}`)
const script = chunks[0].code.trim()
const style = (await transformWithEsbuild(readFileSync(here('src/verify/style.css'), 'utf8'), 'style.css', { loader: 'css', minify: true, target })).code.trim()
for (const text of [script, style]) if (/<\/(script|style)|<!--/i.test(text)) throw new Error('what is inlined would end its own element')

const hash = (text) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`
const policy = `default-src 'none'; script-src ${hash(script)}; style-src ${hash(style)}; base-uri 'none'; form-action 'none'`
const parts = {
  '<!--policy-->': `<meta http-equiv="Content-Security-Policy" content="${policy}">`,
  '<!--style-->': `<style>${style}</style>`,
  '<!--script-->': `<script>${script}</script>`,
}
let page = readFileSync(here('src/verify/page.html'), 'utf8')
for (const [place, text] of Object.entries(parts)) {
  if (page.split(place).length !== 2) throw new Error(`src/verify/page.html has not one ${place}`)
  page = page.replace(place, () => text)
}
writeFileSync(here('dist/closegate-verify.html'), page)
console.log(`dist/closegate-verify.html  ${page.length} bytes, one file`)
