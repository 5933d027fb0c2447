// Lets the scripts beside this one import what tests/e2e/mcp/install put elsewhere: node --import
// this file, with CLOSEGATE_MCP_CLIENTS naming the folder that holds node_modules.
import { registerHooks } from 'node:module';
import { pathToFileURL } from 'node:url';

const folder = pathToFileURL(`${process.env.CLOSEGATE_MCP_CLIENTS}/package.json`).href;
const here = new URL('.', import.meta.url).href;

registerHooks({
    resolve(specifier, context, next) {
        const bare = /^[@a-z]/.test(specifier) && !specifier.includes(':');
        const ours = context.parentURL?.startsWith(here);
        return next(specifier, bare && ours ? { ...context, parentURL: folder } : context);
    },
});
