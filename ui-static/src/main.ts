import { VueQueryPlugin } from '@tanstack/vue-query'
import { createApp } from 'vue'
import App from './App.vue'
import { queryClient } from './api/query'
import { touched, watchPerson } from './lib/attended'
import { onKey } from './lib/keys'
import { setTheme, theme } from './lib/theme'
import { router } from './router'
import './styles/main.css'

setTheme(theme.value)
touched() // somebody opened the page
watchPerson(window)
window.addEventListener('keydown', onKey)
createApp(App).use(router).use(VueQueryPlugin, { queryClient }).mount('#app')
