// The verifier that browsers run (ui-static/src/lib/evidence.ts) on files, for whoever has a corpus:
// a line of JSON in, {command, paths, keys, chain, proof}, a line of JSON out for each.
// usage: node evidence_browser.mjs UI_FOLDER
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { webcrypto } from 'node:crypto';

if (!globalThis.crypto?.subtle) Object.defineProperty(globalThis, 'crypto', { value: webcrypto });
const ui = process.argv[2];
const { buildSync } = createRequire(join(ui, 'package.json'))('esbuild');
const folder = mkdtempSync(join(tmpdir(), 'evidence-'));
const out = join(folder, 'evidence.mjs');
buildSync({ entryPoints: [join(ui, 'src/lib/evidence.ts')], bundle: true, format: 'esm', outfile: out, target: 'es2022', logLevel: 'error' });
const e = await import(pathToFileURL(out));
rmSync(folder, { recursive: true });

const text = path => e.textOf(new Uint8Array(readFileSync(path)), 'The file');

// Every key that was given, and what a chain makes of each.
async function trust({ keys, chain }) {
    const statements = chain ? e.chainFile(text(chain)) : [];
    return (await Promise.all(keys.map(k => e.trustFromText(k, statements)))).flat();
}
const commands = {
    receipt: async a => e.receiptHolds(e.receiptFrom(text(a.path)), await trust(a)),
    checkpoint: async a => e.headHolds(text(a.path), await trust(a)),
    consistency: async a => {
        const [from, to] = await Promise.all([a.path, a.second].map(async p => e.headHolds(text(p), await trust(a))));
        if (from.origin !== to.origin) throw e.refusal('book', 'The heads are of two logs.');
        await e.headContinues(from, to, e.growthFrom(text(a.proof)));
    },
};

for await (const line of createInterface({ input: process.stdin })) {
    const asked = JSON.parse(line);
    const answers = [];
    for (const path of asked.paths) {
        const a = await e.answerOf(() => commands[asked.command]({ ...asked, path }));
        answers.push({ path, state: a.state, words: a.words });
    }
    process.stdout.write(JSON.stringify(answers) + '\n');
}
