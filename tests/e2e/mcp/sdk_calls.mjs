// What both generations of the official SDK client do with the engine, given a connected `client` of
// one face: tools(), call(name, arguments), and so on as sdk_v1.mjs and sdk_v2.mjs make it.
import { check } from './checks.mjs';

// `plan`: {calls: [{tool, arguments, want}], entity, period, exception} of mcp_sdk.py.
export async function walk(client, plan, label) {
    const tools = await client.tools();
    const names = tools.map(t => t.name);
    check(`${label}: tools/list shows each tool once, with schemas`,
        names.length > 15 && new Set(names).size === names.length
        && tools.every(t => t.inputSchema && t.outputSchema && t.title), names);
    for (const call of plan.calls) {
        const result = await client.call(call.tool, call.arguments);
        const said = result.structuredContent?.status ?? (result.isError ? 'failed' : 'ok');
        check(`${label}: ${call.tool} ends ${call.want}; its content fits its outputSchema`,
            said === call.want && (said === 'failed' || result.structuredContent !== undefined),
            result);
    }
    const called = new Set(plan.calls.map(c => c.tool));
    check(`${label}: no tool was left out`, names.every(n => called.has(n)),
        names.filter(n => !called.has(n)));
    await resources(client, plan, label);
    await prompts(client, plan, label);
}

async function resources(client, plan, label) {
    const listed = await client.resources(), templates = await client.templates();
    for (const { uri } of listed) {
        const { contents } = await client.read(uri);
        check(`${label}: ${uri} is read and is JSON`,
            contents.length === 1 && contents[0].uri === uri && JSON.parse(contents[0].text), contents);
    }
    const uri = `recon://exceptions/${plan.exception}`;
    check(`${label}: a template's resource is read`,
        templates.some(t => t.uriTemplate === 'recon://exceptions/{id}')
        && (await client.read(uri)).contents[0].text.includes(plan.exception), templates);
    let refusal;
    await client.read('recon://nowhere').catch(e => { refusal = e; });
    check(`${label}: what is not there is an error that names it`,
        refusal && JSON.stringify(refusal.data ?? '').includes('recon://nowhere'), refusal);
}

async function prompts(client, plan, label) {
    const listed = await client.prompts();
    check(`${label}: prompts are listed`, listed.some(p => p.name === 'close_checklist'), listed);
    const got = await client.prompt('close_checklist',
        { entity_id: plan.entity, period: plan.period });
    check(`${label}: a prompt is filled in`,
        got.messages.length > 0 && got.messages[0].content.text.includes(plan.entity), got);
    const { completion } = await client.complete({
        ref: { type: 'ref/prompt', name: 'close_checklist' },
        argument: { name: 'entity_id', value: plan.entity.slice(0, 3) },
    });
    check(`${label}: an argument is completed`, completion.values.includes(plan.entity), completion);
}
