import { fileURLToPath } from 'node:url'
import { runnerImport } from 'vite'
import type { TestProject } from 'vitest/node'
import type * as Servers from './transport-servers.ts'

/** For vitest's `globalSetup` of pages, whose own modules are not Node's: the servers are loaded beside them. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const path = fileURLToPath(new URL('./transport-servers.ts', import.meta.url))
  const { module } = await runnerImport<typeof Servers>(path, { configFile: false, logLevel: 'error' })
  const { addresses, close } = await module.startServers()
  project.provide('transports', addresses)
  return close
}
