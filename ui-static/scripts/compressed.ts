/* Writes NAME.gz beside each built text file, so that the agent never compresses at run time. The
 * gzip header holds no time and no name: the same sources give the same bytes. */
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import type { Plugin } from 'vite'

const worth = /\.(html|js|css|svg|json|webmanifest)$/

function files(folder: string): string[] {
  return readdirSync(folder)
    .map((name) => join(folder, name))
    .flatMap((path) => (statSync(path).isDirectory() ? files(path) : [path]))
}

export function compressed(): Plugin {
  let out = 'dist'
  return {
    name: 'compressed',
    apply: 'build',
    configResolved(config) {
      out = config.build.outDir
    },
    closeBundle() {
      for (const path of files(out).filter((p) => worth.test(p)))
        writeFileSync(path + '.gz', gzipSync(readFileSync(path), { level: 9 }))
    },
  }
}
