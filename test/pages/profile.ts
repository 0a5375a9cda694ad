import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BrowserContext, chromium } from 'playwright'
import { CHROMIUM_FLAGS, findChromium } from '../../.ci/chromium.mjs'

/** Where a page is not secure, so has no Web Locks. */
const INSECURE_HOST = 'autobee.test'

/** A headless Chromium with a profile on disk; all its tabs share their storage. */
export interface Profile {
  readonly context: BrowserContext
  /** Ends it and removes the profile. */
  close(): Promise<void>
}

export async function launchProfile(): Promise<Profile> {
  const executablePath = findChromium()
  if (!executablePath) throw new Error('there is no Chromium here; `npm test` installs one')
  const folder = await mkdtemp(join(tmpdir(), 'autobee-profile-'))
  const context = await chromium.launchPersistentContext(folder, {
    executablePath,
    args: [...CHROMIUM_FLAGS, ...hostFlags()]
  })
  return {
    context,
    async close() {
      await context.close()
      await rm(folder, { recursive: true, force: true, maxRetries: 10 })
    }
  }
}

/** With these a browser finds the insecure host on this machine. */
export function hostFlags(): string[] {
  return [`--host-resolver-rules=MAP ${INSECURE_HOST} 127.0.0.1`]
}

/** The same site as a page that is not secure. */
export function insecure(url: string): string {
  const { port } = new URL(url)
  return `http://${INSECURE_HOST}:${port}`
}
