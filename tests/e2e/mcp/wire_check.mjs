// A proxy on 127.0.0.1 that checks every message the server sends, in JSON bodies and in event
// streams, against the official schemas. Prints "listening PORT"; when its standard input ends, a
// report: {"checked": {kind: how many}, "wrong": [{kind, why, request, message}]}.
// usage: wire_check.mjs TARGET_PORT
import http from 'node:http';
import { checkMessage, Outputs } from './wire_schemas.mjs';

const target = Number(process.argv[2]);
const checked = {}, wrong = [], outputs = new Outputs();
const asked = new Map(); // what a session asked: a resumed stream answers it elsewhere

function note(kind, why, request, message) {
    checked[kind] = (checked[kind] ?? 0) + 1;
    if (why !== undefined) wrong.push({ kind, why, request, message });
}

function parse(text) {
    try {
        return JSON.parse(text);
    } catch {
        return undefined;
    }
}

function claims(request, headers) {
    const claim = request?.params?._meta?.['io.modelcontextprotocol/protocolVersion'];
    return (claim ?? headers['mcp-protocol-version'] ?? '') >= '2026';
}

function look(exchange, text) {
    const message = parse(text), { modern, session } = exchange;
    const request = exchange.request ?? asked.get(`${session} ${message?.id}`);
    if (message === undefined) {
        note('body', 'not JSON', request, text);
        return;
    }
    const { kind, wrong: why } = checkMessage(modern, request, message);
    note(kind, why, request, message);
    if (message.result === undefined) return;
    if (request?.method === 'tools/list') outputs.learn(message.result);
    if (request?.method === 'tools/call') {
        const misfit = outputs.misfit(request.params.name, message.result);
        if (misfit !== undefined) note('structured content', misfit, request, message);
    }
}

// Whole events of a stream as they come; comments and empty data carry no message.
function eventReader(exchange) {
    let rest = '';
    return chunk => {
        rest += chunk;
        for (let end = rest.indexOf('\n\n'); end >= 0; end = rest.indexOf('\n\n')) {
            const lines = rest.slice(0, end).split('\n');
            rest = rest.slice(end + 2);
            const data = lines.filter(l => l.startsWith('data:'))
                .map(l => l.slice(5).replace(/^ /, '')).join('\n');
            const odd = lines.filter(l => !/^(data|event|id|retry)?:/.test(l));
            if (odd.length > 0) note('event', 'not a field of an event', exchange.request, odd);
            if (data !== '') look(exchange, data);
        }
    };
}

function answerOf(exchange, up, down) {
    const type = up.headers['content-type'] ?? '', stream = type.startsWith('text/event-stream');
    const events = stream ? eventReader(exchange) : null;
    let body = '';
    up.setEncoding('utf8');
    down.writeHead(up.statusCode, up.headers);
    up.on('data', chunk => {
        down.write(chunk);
        if (stream) events(chunk);
        else body += chunk;
    });
    up.on('end', () => {
        down.end();
        if (body !== '' && !type.startsWith('application/json'))
            note('body', `of type ${type}`, exchange.request, body);
        else if (body !== '') look(exchange, body);
        else if (up.statusCode !== 202 && !stream && up.statusCode !== 204)
            note(`empty ${up.statusCode}`, undefined);
    });
    up.on('error', () => down.destroy());
}

function forward(query, down, body) {
    const request = parse(body.toString('utf8'));
    const session = query.headers['mcp-session-id'];
    const exchange = { request, session, modern: claims(request, query.headers) };
    if (session && request?.method) asked.set(`${session} ${request.id}`, request);
    const headers = { ...query.headers };
    const mine = new RegExp(`:${server.address().port}$`);
    for (const name of ['host', 'origin'])
        if (headers[name]) headers[name] = headers[name].replace(mine, `:${target}`);
    const up = http.request({ host: '127.0.0.1', port: target, method: query.method,
        path: query.url, headers, setHost: false }, got => answerOf(exchange, got, down));
    up.on('error', () => down.destroy());
    down.on('close', () => { if (!down.writableFinished) up.destroy(); });
    up.end(body);
}

const server = http.createServer((query, down) => {
    const body = [];
    query.on('data', chunk => body.push(chunk));
    query.on('end', () => forward(query, down, Buffer.concat(body)));
});

server.listen(0, '127.0.0.1', () => console.log(`listening ${server.address().port}`));
process.stdin.resume();
process.stdin.on('end', () => {
    console.log(JSON.stringify({ checked, wrong }));
    process.exit(0);
});
