// What one would write instead: the official SDK's server as its documentation shows it (stateless,
// JSON replies, a server and a transport for each request), with one tool that appends a row to
// SQLite at synchronous=FULL. No gate, no hash chain, no signature. For bench_beside.py.
// usage: sdk_server.mjs PORT FILE; the packages are those of CLOSEGATE_MCP_CLIENTS.
import { createRequire } from 'node:module';
import { DatabaseSync } from 'node:sqlite';

const [port, file] = process.argv.slice(2);
const installed = createRequire(`${process.env.CLOSEGATE_MCP_CLIENTS}/package.json`);
const theirs = createRequire(installed.resolve('@modelcontextprotocol/sdk/server/mcp.js'));
const express = theirs('express');
const z = theirs('zod');
const { McpServer } = installed('@modelcontextprotocol/sdk/server/mcp.js');
const { StreamableHTTPServerTransport } = installed('@modelcontextprotocol/sdk/server/streamableHttp.js');

const db = new DatabaseSync(file);
db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
db.exec('CREATE TABLE IF NOT EXISTS decisions (seq INTEGER PRIMARY KEY, at TEXT NOT NULL,'
    + ' match_id TEXT NOT NULL, rationale TEXT NOT NULL) STRICT');
const insert = db.prepare('INSERT INTO decisions (at, match_id, rationale) VALUES (?, ?, ?)');

function confirm({ match_id, rationale }) {
    const { lastInsertRowid } = insert.run(new Date().toISOString(), match_id, rationale);
    const result = { status: 'ok', match_id, seq: Number(lastInsertRowid) };
    return { content: [{ type: 'text', text: JSON.stringify(result) }], structuredContent: result };
}

function serverNew() {
    const server = new McpServer({ name: 'beside', version: '1' });
    server.registerTool('confirm_match', {
        description: 'Confirms a match.',
        inputSchema: { match_id: z.string().max(64), rationale: z.string().max(2000) },
        outputSchema: { status: z.string(), match_id: z.string(), seq: z.number().int() },
    }, confirm);
    return server;
}

const app = express();
app.use(express.json());
app.post('/mcp', async (request, response) => {
    const server = serverNew();
    const transport = new StreamableHTTPServerTransport({ enableJsonResponse: true });
    response.on('close', () => {
        transport.close();
        server.close();
    });
    await server.connect(transport);
    await transport.handleRequest(request, response, request.body);
});
app.listen(Number(port), '127.0.0.1');
