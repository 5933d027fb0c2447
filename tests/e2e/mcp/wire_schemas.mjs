// Which official definition a message of ours must fit, and whether it does. The schemas name a
// result's type but not which request it answers; this table does.
import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';

const MODERN = '2026-07-28', LEGACY = '2025-11-25', TASKS = 'tasks';
const ajv = new Ajv2020({ strict: false, allErrors: false });
formats.default(ajv);
for (const [name, file] of [[MODERN, 'mcp-2026-07-28'], [LEGACY, 'mcp-2025-11-25'],
    [TASKS, 'tasks']])
    ajv.addSchema(JSON.parse(readFileSync(
        new URL(`schema/${file}.schema.json`, import.meta.url), 'utf8')), name);

const results = {
    'server/discover': 'DiscoverResult', initialize: 'InitializeResult',
    'tools/list': 'ListToolsResult', 'tools/call': 'CallToolResult',
    'resources/list': 'ListResourcesResult', 'resources/read': 'ReadResourceResult',
    'resources/templates/list': 'ListResourceTemplatesResult',
    'prompts/list': 'ListPromptsResult', 'prompts/get': 'GetPromptResult',
    'completion/complete': 'CompleteResult', 'subscriptions/listen': 'SubscriptionsListenResult',
    ping: 'EmptyResult', 'logging/setLevel': 'EmptyResult', 'resources/subscribe': 'EmptyResult',
    'resources/unsubscribe': 'EmptyResult', 'tasks/update': 'EmptyResult',
    'tasks/cancel': 'EmptyResult',
};
const mayAsk = new Set(['tools/call', 'prompts/get', 'resources/read']);
const errors = {
    '-32020': 'HeaderMismatchError', '-32021': 'MissingRequiredClientCapabilityError',
    '-32022': 'UnsupportedProtocolVersionError',
};
const bare = { '-32700': 'ParseError', '-32601': 'MethodNotFoundError',
    '-32602': 'InvalidParamsError', '-32600': 'InvalidRequestError', '-32603': 'InternalError' };

// What `value` does wrong by a definition; undefined when it fits.
function misfit(schema, definition, value) {
    const validate = ajv.getSchema(`${schema}#/$defs/${definition}`);
    if (!validate) return `no definition ${definition} in ${schema}`;
    return validate(value) ? undefined
        : validate.errors.map(e => `${e.instancePath} ${e.message}`).join('; ');
}

function resultKind(era, request, result) {
    if (era === LEGACY) return [LEGACY, results[request.method]];
    if (result.resultType === 'task') return [TASKS, 'CreateTaskResult'];
    if (request.method === 'tasks/get') return [TASKS, 'GetTaskResult'];
    if (result.resultType === 'input_required' && mayAsk.has(request.method))
        return [MODERN, 'InputRequiredResult'];
    return [MODERN, results[request.method]];
}

function checkResult(era, request, message) {
    const [schema, definition] = resultKind(era, request ?? {}, message.result);
    if (definition === undefined) return { kind: 'result', wrong: `of ${request?.method}` };
    const kind = `${schema} ${definition}`;
    if (era === MODERN && message.result.resultType === undefined)
        return { kind, wrong: 'no resultType' };
    return { kind, wrong: misfit(schema, definition, message.result)
        ?? misfit(era, 'JSONRPCResultResponse', message) };
}

function checkError(era, message) {
    const code = String(message.error?.code), kind = `${era} error ${code}`;
    let wrong = misfit(era, 'JSONRPCErrorResponse', message);
    if (era === MODERN && errors[code]) wrong ??= misfit(era, errors[code], message);
    if (era === MODERN && bare[code]) wrong ??= misfit(era, bare[code], message.error);
    if (era === MODERN && (code === '-32002' || code === '-32042')) wrong ??= 'not of this era';
    return { kind, wrong };
}

// {kind, wrong?} of one message of the server. `request` is the one it came in answer to, if any.
export function checkMessage(modern, request, message) {
    const era = modern ? MODERN : LEGACY;
    if (message === null || typeof message !== 'object' || Array.isArray(message))
        return { kind: `${era} message`, wrong: 'not one object' };
    if (message.method === 'notifications/tasks')
        return { kind: `${TASKS} notification`, wrong: misfit(TASKS, 'TaskNotification', message) };
    if (message.method !== undefined && message.id !== undefined)
        return { kind: `${era} ${message.method}`, wrong: modern ? 'a request in the modern era'
            : misfit(era, 'ServerRequest', message) };
    if (message.method !== undefined)
        return { kind: `${era} ${message.method}`, wrong: misfit(era, 'ServerNotification', message) };
    if (message.error !== undefined) return checkError(era, message);
    if (message.result === undefined) return { kind: `${era} message`, wrong: 'none of the kinds' };
    if (request && message.id !== request.id)
        return { kind: `${era} result`, wrong: `answers ${message.id}, not ${request.id}` };
    return checkResult(era, request, message);
}

// Structured content against the outputSchema that tools/list gave for its tool.
export class Outputs {
    #validators = new Map();

    learn(result) {
        for (const tool of result.tools ?? [])
            if (tool.outputSchema) this.#validators.set(tool.name, ajv.compile(tool.outputSchema));
    }

    misfit(name, result) {
        const validate = this.#validators.get(name);
        if (!validate || result.isError || result.structuredContent === undefined) return undefined;
        if (JSON.stringify(result.structuredContent) !==
            JSON.stringify(JSON.parse(result.content[0].text)))
            return 'the text is not what the structured content says';
        return validate(result.structuredContent) ? undefined : ajv.errorsText(validate.errors);
    }
}
