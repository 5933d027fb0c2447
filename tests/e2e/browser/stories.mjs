// The stories, in the order they are told; each file holds some. usage: by tests/e2e/browser_stories.py
import { close, open, tell } from './harness.mjs';
import { inbox } from './inbox.mjs';
import { screens } from './screens.mjs';
import { signing } from './signing.mjs';

await open();
const failed = await tell({ ...signing, ...screens, ...inbox });
await close();
process.exit(failed ? 1 : 0);
