import { existsSync } from 'node:fs'
import { isAbsolute } from 'node:path'
import { defineConfig } from 'vitest/config'

/** What is built for Node, by the path in the package. A file that is not there is left out. */
const NODE_ENTRIES = {
  index: 'adapters/entry/node.ts',
  kv: 'adapters/entry/kv.ts',
  'storage/file': 'adapters/storage/file.ts',
  'storage/memory': 'adapters/storage/memory.ts',
  'storage/random-access': 'adapters/storage/random-access.ts',
  'transport/tcp': 'adapters/transport/tcp.ts',
  'transport/websocket': 'adapters/transport/websocket.ts',
  'transport/relay': 'adapters/transport/relay.ts',
  'transport/swarm': 'adapters/transport/swarm.ts',
  cli: 'demo/cli.ts',
  'demo/peer': 'demo/peer.ts',
  'demo/many-cores/writer': 'demo/many-cores/writer.ts',
  'demo/many-cores/reader': 'demo/many-cores/reader.ts'
}

export default defineConfig({
  build: {
    target: 'node20',
    minify: false,
    sourcemap: true,
    emptyOutDir: true,
    outDir: 'dist/node',
    lib: {
      entry: Object.fromEntries(Object.entries(NODE_ENTRIES).filter(([, path]) => existsSync(path))),
      formats: ['es']
    },
    rolldownOptions: {
      // Every package stays an import: never two copies of a library beside the user's own.
      external: id => !id.startsWith('.') && !isAbsolute(id),
      output: { chunkFileNames: 'chunks/[name]-[hash].js' }
    }
  },
  test: {
    // One project per runtime; a browser's project runs the same case files from a directory of its own.
    projects: [
      {
        test: {
          name: 'node',
          environment: 'node',
          pool: 'forks',
          include: ['test/**/*.test.ts'],
          exclude: ['test/browser/**'],
          testTimeout: 120_000,
          hookTimeout: 60_000
        }
      }
    ]
  }
})
