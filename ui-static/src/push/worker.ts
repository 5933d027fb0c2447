/* Shows what the workspace sends while no window of it is open. It serves nothing and keeps nothing:
 * its scope is the folder of the assets, and no page is in that. */
import { noticeOf, pathOf } from './notice'

interface PushLike extends Event {
  data: { text(): string } | null
  waitUntil(p: Promise<unknown>): void
}
interface ClickLike extends Event {
  notification: Notification
  waitUntil(p: Promise<unknown>): void
}
interface WorkerScope {
  registration: ServiceWorkerRegistration
  clients: { openWindow(url: string): Promise<unknown> }
  location: Location
  skipWaiting(): Promise<void>
  addEventListener(type: string, listener: (e: never) => void): void
}
const worker = self as unknown as WorkerScope

worker.addEventListener('install', () => void worker.skipWaiting())

worker.addEventListener('push', (e: PushLike) => {
  const n = noticeOf(e.data?.text() ?? '')
  e.waitUntil(worker.registration.showNotification(n.title, { body: n.body, tag: n.tag, data: { path: n.path } }))
})

worker.addEventListener('notificationclick', (e: ClickLike) => {
  e.notification.close()
  const path = pathOf((e.notification.data as { path?: unknown } | null)?.path)
  e.waitUntil(worker.clients.openWindow(worker.location.origin + path))
})
