/* This browser's own subscription to notices, and what the agent knows of it. */
import { get, post } from '@/api/http'
import workerUrl from './worker?worker&url'

export interface PushState {
  enabled: boolean
  public_key?: string
  /* how many browsers of this person get notices */
  browsers: number
}

const PATIENCE_MS = 30_000

export type Here = 'unable' | 'forbidden' | 'off' | 'on'

export function ableTo(): boolean {
  return 'serviceWorker' in navigator && 'PushManager' in window && 'Notification' in window
}

function scope(): string {
  return new URL('.', new URL(workerUrl, location.href)).pathname
}

async function subscription(): Promise<PushSubscription | null> {
  const registration = await navigator.serviceWorker.getRegistration(scope())
  return (await registration?.pushManager.getSubscription()) ?? null
}

export async function here(): Promise<Here> {
  if (!ableTo()) return 'unable'
  if (Notification.permission === 'denied') return 'forbidden'
  return (await subscription()) && Notification.permission === 'granted' ? 'on' : 'off'
}

export function loadPush(signal?: AbortSignal): Promise<PushState> {
  return get<PushState>('push', {}, signal)
}

export function bytesOf(base64url: string): Uint8Array<ArrayBuffer> {
  const text = atob(base64url.replaceAll('-', '+').replaceAll('_', '/'))
  return Uint8Array.from(text, (c) => c.charCodeAt(0))
}

/* No page is in the worker's scope, so `ready` would never come. */
async function active(registration: ServiceWorkerRegistration): Promise<void> {
  const coming = registration.installing ?? registration.waiting
  if (registration.active || !coming) return
  await new Promise<void>((done, failed) => {
    coming.addEventListener('statechange', () => {
      if (coming.state === 'activated') done()
      if (coming.state === 'redundant') failed(new Error('The browser did not take the part of the workspace that shows notices.'))
    })
  })
}

function sameKey(s: PushSubscription, key: Uint8Array): boolean {
  const have = s.options.applicationServerKey
  return !!have && String(new Uint8Array(have)) === String(key)
}

/* Browsers wait for their push service without end, also where a network keeps it away. */
function inTime<T>(work: Promise<T>): Promise<T> {
  const late = new Promise<never>((_, failed) => setTimeout(() => failed(new Error('its push service does not answer.')), PATIENCE_MS))
  return Promise.race([work, late])
}

/* Only from a click: the browser asks the person. */
export async function turnOn(publicKey: string): Promise<PushState | 'forbidden'> {
  if ((await Notification.requestPermission()) !== 'granted') return 'forbidden'
  const registration = await navigator.serviceWorker.register(workerUrl, { type: import.meta.env.DEV ? 'module' : 'classic' })
  await active(registration)
  const key = bytesOf(publicKey)
  let sub = await registration.pushManager.getSubscription()
  if (sub && !sameKey(sub, key)) {
    await sub.unsubscribe()
    sub = null
  }
  sub ??= await inTime(registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key }))
  try {
    return await post<PushState>('push', sub.toJSON())
  } catch (e) {
    // a subscription nobody knows of would look like one that works
    await sub.unsubscribe()
    throw e
  }
}

export async function turnOff(): Promise<PushState> {
  const sub = await subscription()
  if (!sub) return loadPush()
  const left = await post<PushState>('push/remove', { endpoint: sub.endpoint })
  await sub.unsubscribe()
  return left
}
