/* Whether somebody sits here. What the page asks by itself (a change was told, a timer) does not keep
 * a session alive: only a person does. */
const QUIET_MS = 60_000

let lastAt = 0

export function touched(now = Date.now()): void {
  lastAt = now
}

export function unattended(now = Date.now()): boolean {
  return now - lastAt > QUIET_MS
}

export function watchPerson(target: EventTarget): void {
  for (const name of ['pointerdown', 'pointermove', 'keydown', 'wheel', 'touchstart'])
    target.addEventListener(name, () => touched(), { passive: true })
}
