/* Node 18 keeps its Web Crypto to itself; every browser, and Node from 20, has it at hand. */
import { webcrypto } from 'node:crypto'

if (!globalThis.crypto?.subtle)
  Object.defineProperty(globalThis, 'crypto', { value: webcrypto, configurable: true, writable: true })
