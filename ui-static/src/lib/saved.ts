/* Filters kept under a name: a part of the address, put back as it was. */
import type { LocationQuery } from 'vue-router'

/* What the address says of these names, always in the same order; the rest of it (what is open, a
 * dialog) is no filter. */
export function queryToSave(query: LocationQuery, names: readonly string[]): string {
  const q = new URLSearchParams()
  for (const name of names) {
    const v = query[name]
    if (typeof v === 'string' && v !== '') q.set(name, v)
  }
  return q.toString()
}

/* The change of the address that brings it back: what was not set then is taken out. */
export function changeTo(saved: string, names: readonly string[]): Record<string, string> {
  const q = new URLSearchParams(saved)
  return Object.fromEntries(names.map((name) => [name, q.get(name) ?? '']))
}

/* As `queryToSave` has it: what was kept by another version still equals its address. */
export function sameOrder(saved: string, names: readonly string[]): string {
  return queryToSave(changeTo(saved, names), names)
}
