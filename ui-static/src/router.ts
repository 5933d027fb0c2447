/* Every state has an address. Entity and period are in the query of every screen. */
import { createRouter, createWebHistory, type RouteLocationRaw } from 'vue-router'

export const router = createRouter({
  history: createWebHistory(),
  routes: [
    { path: '/', name: 'home', component: () => import('./screens/home/HomeScreen.vue'), meta: { title: 'Home' } },
    {
      path: '/inbox/:id?',
      name: 'inbox',
      component: () => import('./screens/inbox/InboxScreen.vue'),
      meta: { title: 'Inbox' },
    },
    // what messages in chat apps and mails link to (approval_url)
    { path: '/escalations/:id', redirect: (to) => ({ name: 'inbox', params: { id: to.params.id }, query: to.query }) },
    // what /closegate link in Slack leads to
    { path: '/link/slack', redirect: (to) => ({ name: 'settings', query: { slack: to.query.code } }) },
    {
      path: '/reconciliation/:id?',
      name: 'reconciliation',
      component: () => import('./screens/reconciliation/ReconciliationScreen.vue'),
      meta: { title: 'Reconciliation' },
    },
    {
      path: '/exceptions/:id?',
      name: 'exceptions',
      component: () => import('./screens/exceptions/ExceptionsScreen.vue'),
      meta: { title: 'Exceptions' },
    },
    {
      path: '/audit/:seq?',
      name: 'audit',
      component: () => import('./screens/audit/AuditScreen.vue'),
      meta: { title: 'Audit' },
    },
    { path: '/policy', name: 'policy', component: () => import('./screens/policy/PolicyScreen.vue'), meta: { title: 'Policy' } },
    {
      path: '/chat/:session?',
      name: 'chat',
      component: () => import('./screens/chat/ChatScreen.vue'),
      meta: { title: 'Chat' },
    },
    { path: '/health', name: 'health', component: () => import('./screens/health/HealthScreen.vue'), meta: { title: 'Health' } },
    {
      path: '/settings',
      name: 'settings',
      component: () => import('./screens/settings/SettingsScreen.vue'),
      meta: { title: 'Settings' },
    },
    { path: '/:rest(.*)*', name: 'missing', component: () => import('./shell/MissingPage.vue'), meta: { title: 'Not found' } },
  ],
})

router.afterEach((to) => {
  document.title = `${String(to.meta.title ?? '')} · closegate`
})

/* A link that keeps entity and period of where it stands. */
export function scoped(to: RouteLocationRaw & { query?: Record<string, unknown> }): RouteLocationRaw {
  const { entity, period } = router.currentRoute.value.query
  return { ...(to as object), query: { ...(entity ? { entity } : {}), ...(period ? { period } : {}), ...to.query } } as RouteLocationRaw
}
