// Sentences of a client script: one "ok - …" or "not ok - …" a line, numbered by whoever reads them
// (tests/lib/mcp_clients.py). `run` ends the process with 1 when any failed.
let failed = 0;

export function check(sentence, good, said = '') {
    if (!good) failed += 1;
    const why = typeof said === 'string' ? said : JSON.stringify(said);
    console.log(`${good ? 'ok' : 'not ok'} - ${sentence}${good ? '' : ` # ${why?.slice(0, 400)}`}`);
}

export async function run(body) {
    try {
        await body();
    } catch (e) {
        check('nothing is thrown', false, `${e?.stack ?? e}`.replaceAll('\n', ' | '));
    }
    process.exit(failed === 0 ? 0 : 1);
}
