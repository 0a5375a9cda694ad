/**
 * For bundling Hypercore's stack for pages, in the build and in the tests' server alike: what takes the place of Node's
 * modules and of native ones.
 */
import { fileURLToPath } from 'node:url'

/** For Vite's `resolve.alias`. */
export const browserAliases = [
  { find: /^sodium-native$/, replacement: here('sodium-native.cts') },
  { find: /^rocksdb-native$/, replacement: here('rocksdb.ts') },
  { find: /^device-file$/, replacement: here('device-file.ts') },
  { find: /^ws$/, replacement: here('ws.ts') },
  { find: /^node:timers$/, replacement: here('set-immediate.ts') },
  { find: /^(node:)?fs$/, replacement: here('fs.ts') },
  { find: /^(node:)?path$/, replacement: here('path.ts') },
  // the bare name is the package of that name, which stands for Node's module
  { find: /^node:events$/, replacement: 'events' }
]

/** For Vite's `define`. */
export const browserDefines = { global: 'globalThis' }

/** For Rolldown's `transform.inject`, in `build.rolldownOptions` and in `optimizeDeps.rolldownOptions`. */
export const browserInjections: Record<string, [string, string]> = {
  setImmediate: [here('set-immediate.ts'), 'setImmediate']
}

/**
 * For Vite's `optimizeDeps.include`: every package that the sources take, bundled in one go before the tests begin, so
 * that there is one libsodium and none of them is loaded a second time half-way.
 */
export const browserDependencies = [
  '@hyperswarm/secret-stream',
  '@noble/hashes/blake2.js',
  'b4a',
  'compact-encoding',
  'corestore',
  'events',
  'hyperbee',
  'hyperbee2',
  'hypercore',
  'hypercore-crypto',
  'hypercore-id-encoding',
  'hypercore-storage',
  'libsodium-sumo',
  'protomux',
  'protomux-wakeup',
  'sodium-universal',
  'sorted-btree',
  'streamx'
]

function here(file: string): string {
  return fileURLToPath(new URL(file, import.meta.url))
}
