/** The demo's page: one bundle of its sources and of Autobee's, ready to be served from any path. */
import { join } from 'node:path'
import type { UserConfig } from 'vite'
import { browserAliases, browserDefines, browserInjections } from '../adapters/browser/aliases.ts'
import { preloadsOf, serviceWorker } from './service-worker.ts'

const root = join(import.meta.dirname, '..', 'demo', 'page')

export const pageBundle: UserConfig = {
  root,
  base: './',
  resolve: { alias: browserAliases },
  define: browserDefines,
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  plugins: [
    preloadsOf('/demo/page/database.ts'),
    serviceWorker({
      source: join(root, 'service-worker', 'service-worker.ts'),
      publicFolder: join(root, 'public')
    })
  ],
  build: {
    target: 'es2022',
    sourcemap: true,
    emptyOutDir: true,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 2000,
    // a `data:` address in the styles would want a wider policy
    assetsInlineLimit: 0,
    rolldownOptions: {
      transform: { inject: browserInjections },
      output: {
        // these change seldom, and are the greater part: browsers may keep them
        codeSplitting: {
          groups: [
            { name: 'libsodium', test: /[\\/]libsodium-sumo[\\/]/, priority: 1 },
            { name: 'hypercore', test: /[\\/]node_modules[\\/](?!preact|uqr)/ }
          ]
        }
      }
    }
  }
}
