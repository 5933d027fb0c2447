/* An idempotency key: one a decision that was pressed, kept while its outcome is not known. */
export function newKey(): string {
  return 'web_' + Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, '0')).join('')
}
