// node --require this: a server that names no host listens on 127.0.0.1 instead of everywhere.
// Bound synchronously, because some harnesses ask for the address right after listen(0).
const net = require('node:net');

const listen = net.Server.prototype.listen;
const everywhere = host => host === undefined || host === '' || host === '0.0.0.0' || host === '::';

function wanted(args) {
    const [first, second] = args;
    if (first !== null && typeof first === 'object')
        return 'port' in first && !first.path ? { port: first.port, host: first.host } : null;
    if (first === undefined || first === null || typeof first === 'function') return { port: 0 };
    if (!/^\d+$/.test(String(first))) return null; // a Unix socket
    return { port: Number(first), host: typeof second === 'string' ? second : undefined };
}

net.Server.prototype.listen = function (...args) {
    const want = wanted(args);
    if (want === null || !everywhere(want.host)) return listen.apply(this, args);
    const done = args.at(-1);
    if (typeof done === 'function') this.once('listening', done);
    this._listen2('127.0.0.1', Number(want.port) || 0, 4, 511, undefined);
    return this;
};
