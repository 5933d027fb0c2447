// The official SDK's second generation (@modelcontextprotocol/client), in the mode it is told.
// usage: sdk_v2.mjs URL legacy|auto|2026-07-28 PLAN
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { check, run } from './checks.mjs';
import { walk } from './sdk_calls.mjs';

const [url, mode, plan] = process.argv.slice(2);
const label = `v2 ${mode}`;
const client = new Client({ name: 'closegate-e2e', version: '1' }, {
    versionNegotiation: { mode: mode === 'legacy' || mode === 'auto' ? mode : { pin: mode } },
    capabilities: { elicitation: { url: {} } },
});
const asked = [];
client.setRequestHandler('elicitation/create', async request => {
    asked.push(request.params);
    return { action: 'accept' };
});
const transport = new StreamableHTTPClientTransport(new URL(url));
const face = {
    tools: async () => (await client.listTools()).tools,
    call: (name, args) => client.callTool({ name, arguments: args }),
    resources: async () => (await client.listResources()).resources,
    templates: async () => (await client.listResourceTemplates()).resourceTemplates,
    read: uri => client.readResource({ uri }),
    prompts: async () => (await client.listPrompts()).prompts,
    prompt: (name, args) => client.getPrompt({ name, arguments: args }),
    complete: params => client.complete(params),
};

await run(async () => {
    await client.connect(transport);
    const version = client.getNegotiatedProtocolVersion();
    check(`${label}: agrees on its version`,
        version === (mode === 'legacy' ? '2025-11-25' : '2026-07-28'), version);
    await walk(face, JSON.parse(plan), label);
    if (mode !== 'legacy')
        check(`${label}: what waits for a human was shown as a link to the approval page`,
            asked.length > 0 && asked.every(a => a.mode === 'url' && a.url.includes('/inbox/esc_')),
            asked);
    await transport.terminateSession?.();
    await client.close();
});
