// The providers' own clients against our stand-in for them (tests/lib/llm.py), which llm_clients.py has
// scripted: what it writes is what they read. Prints a sentence a line. Usage: clients.mjs URL KEYS
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';

const [, , url, keys] = process.argv;
const key = JSON.parse(keys);
const model = 'test-model-1';
const schema = { type: 'object', properties: { q: { type: 'string' } }, required: ['q'] };
let failed = 0;

function check(sentence, good, said) {
    failed += good ? 0 : 1;
    const why = good ? '' : ` # ${JSON.stringify(said)}`.slice(0, 500);
    console.log(`${good ? 'ok' : 'not ok'} - ${sentence}${why}`);
}

async function refusal(work) {
    try {
        return { none: await work() };
    } catch (error) {
        return error;
    }
}

const theirs = {
    anthropic: {
        client: (retries) => new Anthropic({ apiKey: key.anthropic, baseURL: url, maxRetries: retries }),
        async ask(client, messages) {
            const stream = client.messages.stream({
                model, messages, max_tokens: 100,
                system: [{ type: 'text', text: 'You count.', cache_control: { type: 'ephemeral' } }],
                tools: [{ name: 'find', description: 'finds', input_schema: schema }],
            });
            const answer = await stream.finalMessage();
            return {
                text: answer.content.filter((b) => b.type === 'text').map((b) => b.text).join(''),
                calls: answer.content.filter((b) => b.type === 'tool_use').map((b) => [b.id, b.name, b.input]),
                stop: answer.stop_reason,
                usage: [answer.usage.input_tokens, answer.usage.output_tokens,
                    answer.usage.cache_read_input_tokens, answer.usage.cache_creation_input_tokens],
                next: [...messages, { role: 'assistant', content: answer.content }],
            };
        },
        results: (calls) => [{ role: 'user', content: calls.map(([id]) => (
            { type: 'tool_result', tool_use_id: id, content: `found by ${id}` })) }],
        stops: { calls: 'tool_use', end: 'end_turn', length: 'max_tokens' },
        usage: [120, 7, 1000, 50],
        refusals: [Anthropic.RateLimitError, Anthropic.AuthenticationError, Anthropic.APIError],
    },
    openai: {
        client: (retries) => new OpenAI({ apiKey: key.openai, baseURL: `${url}/v1`, maxRetries: retries }),
        async ask(client, messages) {
            const stream = client.chat.completions.stream({
                model, messages, stream_options: { include_usage: true },
                tools: [{ type: 'function', function: { name: 'find', description: 'finds', parameters: schema } }],
            });
            const answer = await stream.finalChatCompletion();
            const { message, finish_reason: stop } = answer.choices[0];
            return {
                text: message.content ?? '',
                calls: (message.tool_calls ?? []).map((c) => (
                    [c.id, c.function.name, JSON.parse(c.function.arguments)])),
                stop,
                usage: [answer.usage.prompt_tokens, answer.usage.completion_tokens,
                    answer.usage.prompt_tokens_details.cached_tokens],
                next: [...messages, { role: 'assistant', content: message.content,
                    ...(message.tool_calls ? { tool_calls: message.tool_calls.map((c) => (
                        { id: c.id, type: 'function', function: { name: c.function.name,
                            arguments: c.function.arguments } })) } : {}) }],
            };
        },
        results: (calls) => calls.map(([id]) => (
            { role: 'tool', tool_call_id: id, content: `found by ${id}` })),
        stops: { calls: 'tool_calls', end: 'stop', length: 'length' },
        usage: [1120, 7, 1000],
        refusals: [OpenAI.RateLimitError, OpenAI.AuthenticationError, OpenAI.APIError],
    },
};

async function turn(name, it) {
    const client = it.client(0);
    const user = (content) => [{ role: 'user', content }];
    const first = await it.ask(client, user('two calls, please'));
    check(`${name}: text that came in single bytes`, first.text === 'Ich prüfe 🌍 漢字', first.text);
    check(`${name}: two calls at once, with their arguments`, JSON.stringify(first.calls) === JSON.stringify(
        [['call_a', 'find', { q: 'ü "quoted" 🌍' }], ['call_b', 'find', { q: 'b' }]]), first.calls);
    check(`${name}: it stopped for calls`, first.stop === it.stops.calls, first.stop);
    check(`${name}: what it used`, JSON.stringify(first.usage) === JSON.stringify(it.usage), first.usage);
    const second = await it.ask(client, [...first.next, ...it.results(first.calls)]);
    check(`${name}: with their results it goes on`, second.text === 'found by call_a, found by call_b'
        && second.stop === it.stops.end, second);
    const third = await it.ask(client, user('write at length'));
    check(`${name}: cut short by its length`, third.stop === it.stops.length, third);
}

async function refusals(name, it) {
    const [limited, auth, any] = it.refusals;
    const user = [{ role: 'user', content: 'be busy' }];
    let said = await refusal(() => it.ask(it.client(0), user));
    check(`${name}: 429 is a rate limit, with Retry-After`, said instanceof limited
        && said.headers.get('retry-after') === '1', said);
    const began = performance.now();
    said = await it.ask(it.client(2), user);
    check(`${name}: after 529 and 429 their own retries come through`, said.text === 'free again'
        && performance.now() - began >= 1000, said);
    const wrong = it.client(0);
    wrong.apiKey = 'wrong';
    said = await refusal(() => it.ask(wrong, user));
    check(`${name}: another key is 401`, said instanceof auth, said);
    for (const what of ['break off', 'fail in the middle']) {
        said = await refusal(() => it.ask(it.client(0), [{ role: 'user', content: what }]));
        check(`${name}: a stream that is told to ${what} is an error`, said instanceof Error
            && !('none' in said) && (what !== 'fail in the middle' || said instanceof any), said);
    }
}

for (const [name, it] of Object.entries(theirs)) {
    await turn(name, it);
    await refusals(name, it);
}
process.exitCode = failed ? 1 : 0;
