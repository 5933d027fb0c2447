// Lets clients.mjs import what tests/e2e/llm/install put elsewhere: node --import this file, with
// CLOSEGATE_LLM_MOCKS naming the folder that holds node_modules.
import { registerHooks } from 'node:module';
import { pathToFileURL } from 'node:url';

const folder = pathToFileURL(`${process.env.CLOSEGATE_LLM_MOCKS}/package.json`).href;
const here = new URL('.', import.meta.url).href;

registerHooks({
    resolve(specifier, context, next) {
        const bare = /^[@a-z]/.test(specifier) && !specifier.includes(':');
        const ours = context.parentURL?.startsWith(here);
        return next(specifier, bare && ours ? { ...context, parentURL: folder } : context);
    },
});
