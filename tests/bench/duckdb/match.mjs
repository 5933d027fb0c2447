// DuckDB asked what the matching pass is asked, in memory: one-to-one pairs of what is unique on both
// sides (exact), or each bank line's most similar ledger line of the same amount within some days
// (fuzzy), the best one's score kept. Reading the files is not timed.
// usage: match.mjs exact|fuzzy FOLDER ROUNDS THREADS; the package is that of CLOSEGATE_DUCKDB.
import { createRequire } from 'node:module';

const [kind, folder, rounds, threads] = process.argv.slice(2);
const installed = createRequire(`${process.env.CLOSEGATE_DUCKDB}/package.json`);
const { DuckDBInstance } = installed('@duckdb/node-api');

const unique = (side) => `SELECT entity, account, cur, amount, reference, min(id) AS id FROM ${side}
    GROUP BY ALL HAVING count(*) = 1`;
const queries = {
    exact: `CREATE OR REPLACE TABLE found AS
        SELECT b.id AS bank, g.id AS book FROM (${unique('bank')}) b
        JOIN (${unique('book')}) g USING (entity, account, cur, amount, reference)`,
    fuzzy: `CREATE OR REPLACE TABLE found AS
        SELECT bank, arg_max(book, score) AS book, max(score) AS score FROM (
            SELECT b.id AS bank, g.id AS book, jaro_winkler_similarity(b.text, g.text) AS score
            FROM bank b JOIN book g USING (entity, account, cur, amount)
            WHERE abs(b.day - g.day) <= 5)
        GROUP BY bank`,
};

const db = await DuckDBInstance.create(':memory:', { threads });
const connection = await db.connect();
for (const side of ['bank', 'book']) {
    await connection.run(`CREATE TABLE ${side} AS SELECT * FROM read_csv('${folder}/${side}.csv',
        header = true, types = {'reference': 'VARCHAR', 'amount': 'BIGINT'})`);
}
const said = [];
for (let i = 0; i < Number(rounds); i++) {
    const began = process.hrtime.bigint();
    await connection.run(queries[kind]);
    const wall_us = Number((process.hrtime.bigint() - began) / 1000n);
    const rows = await connection.runAndReadAll('SELECT count(*)::INTEGER AS n FROM found');
    said.push({ wall_us, matches: rows.getRowObjects()[0].n });
}
console.log(JSON.stringify(said));
