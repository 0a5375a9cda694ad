/** What Vite builds: for Node with every package left an import, for pages with everything inside. */
import { existsSync } from 'node:fs'
import { isAbsolute } from 'node:path'
import type { BuildEnvironmentOptions, UserConfig } from 'vite'
import { browserAliases, browserDefines, browserInjections } from '../adapters/browser/aliases.ts'
import { thirdPartyNotices } from './notices.ts'
import { workerBesideModule, workerFile } from './opfs-worker.ts'

/** By the path in the package. A file that is not there is left out. */
const NODE_ENTRIES = {
  index: 'adapters/entry/node.ts',
  kv: 'adapters/entry/kv.ts',
  tabs: 'adapters/entry/unsupported/tabs.ts',
  publish: 'adapters/entry/publish.ts',
  testing: 'adapters/entry/testing.ts',
  'storage/file': 'adapters/storage/file.ts',
  'storage/memory': 'adapters/storage/memory.ts',
  'storage/random-access': 'adapters/storage/random-access.ts',
  'storage/indexeddb': 'adapters/storage/indexeddb.ts',
  'storage/opfs': 'adapters/storage/opfs.ts',
  'transport/tcp': 'adapters/transport/tcp.ts',
  'transport/websocket': 'adapters/transport/websocket.ts',
  'transport/relay': 'adapters/transport/relay.ts',
  'transport/mirror': 'adapters/transport/mirror.ts',
  'transport/webrtc': 'adapters/transport/webrtc.ts',
  'transport/swarm': 'adapters/transport/swarm.ts',
  cli: 'demo/cli.ts',
  'demo/start': 'demo/start.ts',
  'demo/many-cores/writer': 'demo/many-cores/writer.ts',
  'demo/many-cores/reader': 'demo/many-cores/reader.ts'
}

/** What Node alone can have throws `UNSUPPORTED_RUNTIME` when it is called. */
const BROWSER_ENTRIES = {
  autobee: 'adapters/entry/browser.ts',
  kv: 'adapters/entry/browser-kv.ts',
  tabs: 'adapters/entry/browser-tabs.ts',
  publish: 'adapters/entry/browser-publish.ts',
  testing: 'adapters/entry/browser-testing.ts',
  'storage/file': 'adapters/entry/unsupported/file.ts',
  'storage/memory': 'adapters/storage/memory.ts',
  'storage/random-access': 'adapters/storage/random-access.ts',
  'storage/indexeddb': 'adapters/storage/indexeddb.ts',
  'storage/opfs': 'adapters/storage/opfs.ts',
  'transport/tcp': 'adapters/entry/unsupported/tcp.ts',
  'transport/websocket': 'adapters/transport/websocket.ts',
  'transport/relay': 'adapters/entry/unsupported/relay.ts',
  'transport/mirror': 'adapters/transport/mirror.ts',
  'transport/webrtc': 'adapters/transport/webrtc.ts',
  'transport/swarm': 'adapters/transport/swarm.ts'
}

const CHUNKS = 'chunks/[name]-[hash].js'

const common: BuildEnvironmentOptions = { emptyOutDir: true }

/** What only the examples of this repository load goes into their folder, which is no part of the package. */
function nodeChunk({ moduleIds }: { readonly moduleIds: readonly string[] }): string {
  const ofExamples = moduleIds.some(id => /[\\/]demo[\\/](?!cli[\\/.]|common[\\/])/.test(id))
  return ofExamples ? `demo/${CHUNKS}` : CHUNKS
}

export const nodeBundle: UserConfig = {
  worker: workerFile,
  plugins: [workerBesideModule()],
  build: {
    ...common,
    target: 'node20',
    minify: false,
    // not minified, the names as in the sources: a stack tells enough without
    sourcemap: false,
    outDir: 'dist/node',
    lib: { entry: present(NODE_ENTRIES), formats: ['es'] },
    rolldownOptions: {
      // Every package stays an import: never two copies of a library beside the user's own.
      external: id => !id.startsWith('.') && !isAbsolute(id),
      output: { chunkFileNames: nodeChunk }
    }
  }
}

export const browserBundle: UserConfig = {
  resolve: { alias: browserAliases },
  define: browserDefines,
  publicDir: false,
  worker: workerFile,
  plugins: [thirdPartyNotices(), workerBesideModule()],
  build: {
    ...common,
    // modules that wait at their top level
    target: 'es2022',
    minify: true,
    // with the sources inside: without them a page's stacks and debugger show one line of 700 KB
    sourcemap: true,
    outDir: 'dist/browser',
    modulePreload: false,
    chunkSizeWarningLimit: 2000,
    rolldownOptions: {
      input: present(BROWSER_ENTRIES),
      preserveEntrySignatures: 'strict',
      transform: { inject: browserInjections },
      output: {
        entryFileNames: '[name].js',
        chunkFileNames: CHUNKS,
        codeSplitting: {
          groups: [
            // changes seldom, and is half of all: browsers may keep it
            { name: 'libsodium', test: /[\\/]libsodium-sumo[\\/]/, priority: 1 },
            // one file for what entries share; but a plain page needs nothing of the log of random-access storage
            { name: 'shared', test: id => !/[\\/]storage[\\/]log[\\/]/.test(id), minShareCount: 2 }
          ]
        }
      }
    }
  }
}

function present(entries: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(entries).filter(([, path]) => existsSync(path)))
}
