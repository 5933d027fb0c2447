/* The left rail, and where `g x` goes. */
import type { IconName } from '@/icons/names'

export interface Place {
  name: string
  label: string
  icon: IconName
  keys: string
}

export const places: readonly Place[] = [
  { name: 'home', label: 'Home', icon: 'home', keys: 'g h' },
  { name: 'inbox', label: 'Inbox', icon: 'inbox', keys: 'g i' },
  { name: 'reconciliation', label: 'Reconciliation', icon: 'reconcile', keys: 'g r' },
  { name: 'exceptions', label: 'Exceptions', icon: 'exception', keys: 'g e' },
  { name: 'audit', label: 'Audit', icon: 'audit', keys: 'g a' },
  { name: 'policy', label: 'Policy', icon: 'policy', keys: 'g p' },
  { name: 'chat', label: 'Chat', icon: 'chat', keys: 'g c' },
  { name: 'health', label: 'Health', icon: 'health', keys: 'g l' },
  { name: 'settings', label: 'Settings', icon: 'settings', keys: 'g s' },
]
