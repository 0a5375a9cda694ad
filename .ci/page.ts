/** The demo's page: one bundle of its sources and of Autobee's, ready to be served from any path. */
import { join } from 'node:path'
import type { UserConfig } from 'vite'
import { browserAliases, browserDefines, browserInjections } from '../adapters/browser/aliases.ts'

export const pageBundle: UserConfig = {
  root: join(import.meta.dirname, '..', 'demo', 'page'),
  base: './',
  resolve: { alias: browserAliases },
  define: browserDefines,
  build: {
    target: 'es2022',
    sourcemap: true,
    emptyOutDir: true,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 2000,
    rolldownOptions: {
      transform: { inject: browserInjections },
      output: {
        // changes seldom, and is the greater part: browsers may keep it
        codeSplitting: { groups: [{ name: 'libsodium', test: /[\\/]libsodium-sumo[\\/]/ }] }
      }
    }
  }
}
