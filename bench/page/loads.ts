/** What a page loads, as it was transferred. */
import type { BrowserContext, Page } from 'playwright'

/** Bytes as transferred, heads included, by kind. */
export type Loaded = ReadonlyMap<string, number>

const KINDS: Record<string, string> = {
  Document: 'the document',
  Script: 'scripts',
  Stylesheet: 'styles'
}

/** Counts from now on. Gives what takes what was loaded since the last time. */
export async function loadedBy(page: Page, context: BrowserContext): Promise<() => Loaded> {
  const session = await context.newCDPSession(page)
  const kinds = new Map<string, string>()
  let loaded = new Map<string, number>()
  session.on('Network.responseReceived', ({ requestId, type, response }) => {
    const isScript = /javascript/.test(response.mimeType)
    kinds.set(requestId, isScript ? 'scripts' : (KINDS[type] ?? 'icons and manifest'))
  })
  session.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
    const kind = kinds.get(requestId)
    if (kind) loaded.set(kind, (loaded.get(kind) ?? 0) + encodedDataLength)
  })
  await session.send('Network.enable')
  return () => {
    const taken = loaded
    loaded = new Map()
    return taken
  }
}
