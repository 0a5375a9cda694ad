import { existsSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { playwright } from '@vitest/browser-playwright'
import type { TestProjectConfiguration } from 'vitest/config'
import { CHROMIUM_FLAGS, findChromium } from '../../.ci/chromium.mjs'
import {
  browserAliases,
  browserDefines,
  browserDependencies,
  browserInjections
} from '../../adapters/browser/aliases.ts'

/** What every runtime runs: the same case files. */
const EVERYWHERE = [
  'test/core/**/*.test.ts',
  'test/kv/**/*.test.ts',
  'test/publish/**/*.test.ts',
  'test/simulation/**/*.test.ts',
  'test/sync/**/*.test.ts',
  'test/typed/**/*.test.ts'
]

/** The same cases, which no storage has to do with: once per runtime. */
const WITHOUT_STORAGE = [
  'test/format/**/*.test.ts',
  'test/order/**/*.test.ts',
  'test/apply/**/*.test.ts',
  'test/board/**/*.test.ts'
]

/** Folders, and what a child process does to them; and the types of what a page has not. */
const ONLY_IN_NODE = [
  'test/core/stores-on-disk.test.ts',
  'test/kv/quickstart.test.ts',
  'test/kv/types.test.ts',
  'test/publish/on-disk.test.ts'
]

/** Seeds of the convergence fuzz per kind of storage in a page; Node runs more. `FUZZ_SEEDS` sets another number. */
const SEEDS: Record<string, string> = { memory: '60', indexeddb: '24', opfs: '24' }

const TIMES = { testTimeout: 120_000, hookTimeout: 60_000 }

export function projects(): TestProjectConfiguration[] {
  return [
    {
      test: {
        name: 'node',
        environment: 'node',
        pool: 'forks',
        include: ['test/**/*.test.ts'],
        exclude: ['test/browser/**'],
        ...TIMES
      }
    },
    inChromium('memory', { include: [...EVERYWHERE, ...WITHOUT_STORAGE, 'test/browser/**/*.test.ts'] }),
    inChromium('indexeddb', { include: EVERYWHERE }),
    // by hand: AUTOBEE_OPFS=1 npm test -- --project chromium-opfs
    ...(process.env.AUTOBEE_OPFS ? [inChromium('opfs', { include: EVERYWHERE })] : [])
  ]
}

/** In headless Chromium, with all stores of the cases in one kind of storage. */
function inChromium(storage: string, { include }: { include: string[] }): TestProjectConfiguration {
  const executablePath = findChromium()
  return {
    resolve: { alias: browserAliases },
    define: browserDefines,
    // all at once: one that is found half-way makes the page load anew
    optimizeDeps: {
      include: [...browserDependencies, 'buffer', 'fast-check', 'random-access-idb'],
      noDiscovery: true,
      rolldownOptions: { transform: { inject: browserInjections } }
    },
    plugins: [storesIn(storage)],
    test: {
      name: `chromium-${storage}`,
      include,
      exclude: ONLY_IN_NODE,
      env: { FUZZ_SEEDS: SEEDS[storage] ?? '', ...fuzzVariables() },
      setupFiles: ['test/support/browser-setup.ts'],
      globalSetup: hasServers(include) ? ['test/support/transport-setup.ts'] : [],
      browser: {
        enabled: true,
        headless: true,
        screenshotFailures: false,
        provider: playwright({
          launchOptions: { ...(executablePath ? { executablePath } : {}), args: CHROMIUM_FLAGS }
        }),
        instances: [{ browser: 'chromium' }],
        api: { host: '127.0.0.1' }
      },
      ...TIMES
    }
  }
}

/** Do tests of transports run in it? */
function hasServers(include: readonly string[]): boolean {
  return include.some(pattern => pattern.startsWith('test/browser/'))
}

/** A page has no environment of its own. */
function fuzzVariables(): Record<string, string> {
  const named = Object.entries(process.env).filter(([name]) => name.startsWith('FUZZ_'))
  return Object.fromEntries(named) as Record<string, string>
}

/** Puts `places-<storage>.ts` in the place of the folders that Node's tests use. */
function storesIn(storage: string) {
  const folders = fileURLToPath(new URL('./places.ts', import.meta.url))
  const places = fileURLToPath(new URL(`./places-${storage}.ts`, import.meta.url))
  if (!existsSync(places)) throw new Error(`${places} is missing`)
  return {
    name: `stores-in-${storage}`,
    enforce: 'pre' as const,
    resolveId(id: string, importer: string | undefined) {
      return importer && resolve(dirname(importer), id) === folders ? places : null
    }
  }
}
