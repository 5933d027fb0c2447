// The official SDK's first generation (@modelcontextprotocol/sdk): initialize, a session, DELETE.
// usage: sdk_v1.mjs URL PLAN
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { check, run } from './checks.mjs';
import { walk } from './sdk_calls.mjs';

const [url, plan] = process.argv.slice(2);

async function pages(list, member) {
    const rows = [];
    let cursor;
    do {
        const page = await list(cursor === undefined ? undefined : { cursor });
        rows.push(...page[member]);
        cursor = page.nextCursor;
    } while (cursor !== undefined);
    return rows;
}

const client = new Client({ name: 'closegate-e2e', version: '1' }, { capabilities: {} });
const transport = new StreamableHTTPClientTransport(new URL(url));
const face = {
    tools: () => pages(p => client.listTools(p), 'tools'),
    call: (name, args) => client.callTool({ name, arguments: args }),
    resources: () => pages(p => client.listResources(p), 'resources'),
    templates: () => pages(p => client.listResourceTemplates(p), 'resourceTemplates'),
    read: uri => client.readResource({ uri }),
    prompts: () => pages(p => client.listPrompts(p), 'prompts'),
    prompt: (name, args) => client.getPrompt({ name, arguments: args }),
    complete: params => client.complete(params),
};

await run(async () => {
    await client.connect(transport);
    check('v1: 2025-11-25 is agreed on, in a session',
        transport.protocolVersion === '2025-11-25' && transport.sessionId, transport.protocolVersion);
    await walk(face, JSON.parse(plan), 'v1');
    await client.subscribeResource({ uri: 'recon://escalations' });
    await client.unsubscribeResource({ uri: 'recon://escalations' });
    await client.ping();
    await transport.terminateSession();
    check('v1: subscribes, pings and ends its session', transport.sessionId === undefined);
    await client.close();
});
