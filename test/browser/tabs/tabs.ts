/** Tabs in one page: each SharedAutobee waits for the store's lock for itself, and speaks over channels, as if alone in its tab. */
import b4a from 'b4a'
import { afterEach } from 'vitest'
import { browserEnvironment } from '../../../adapters/storage/indexeddb/environment.ts'
import { indexedDbIn } from '../../../adapters/storage/indexeddb.ts'
import type { Packet } from '../../../adapters/tabs/messages.ts'
import { SharedAutobee, type SharedAutobeeOptions } from '../../../adapters/tabs.ts'
import type { HyperbeeView } from '../../../src/index.ts'
import { apply, type Value } from './apply.ts'

export { apply, type Value }

const open: { close(): Promise<void> }[] = []

export type Tab = SharedAutobee & { readonly errors: string[] }

export interface Sleeping {
  /** As when the browser puts the page aside, or freezes it. */
  sleep(): void
  wake(): void
}

afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close()
})

const { postMessage } = BroadcastChannel.prototype
const silenced = new Set<string>()
let lastOwner = ''
BroadcastChannel.prototype.postMessage = function (data) {
  const { messages = [], ...packet } = (data ?? {}) as Partial<Packet<{ readonly type: string }>>
  const [first] = messages
  // announcements have their owner in them
  const { epoch, owner } = { ...packet, ...(first as Partial<typeof packet> | undefined) }
  const address = `${epoch}/${owner}`
  if (first?.type === 'owner') lastOwner = address
  if (!silenced.has(address)) postMessage.call(this, data)
}

/** Returns what makes that nothing arrives any more that the present owner posts, or is posted to it: as if its process died. */
export function silencer(): () => void {
  const address = lastOwner
  return () => silenced.add(address)
}

export function nameOf(): string {
  return `autobee-tabs-${crypto.randomUUID()}`
}

export function makeTab(name: string, options: SharedAutobeeOptions & { key?: string } = {}): Tab & Sleeping {
  const page = new EventTarget()
  const adapter = indexedDbIn(() => ({ ...browserEnvironment(), page, document: undefined }), name)
  const { key = null, ...rest } = options
  const tab = new SharedAutobee(adapter, key, { apply, valueEncoding: 'json', ackInterval: 0, ...rest })
  open.push(tab)
  const errors: string[] = []
  tab.on('error', ({ code, reason }) => errors.push(reason ? `${code} ${reason}` : code))
  return Object.assign(tab, {
    errors,
    sleep: () => page.dispatchEvent(new Event('pagehide')),
    wake: () => page.dispatchEvent(new Event('pageshow'))
  })
}

export async function openTab(...args: Parameters<typeof makeTab>): Promise<Tab & Sleeping> {
  const tab = makeTab(...args)
  await tab.ready()
  return tab
}

export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise(resolve => setTimeout(resolve, 2))
}

/** Ids of the view, in the order in which they were applied. */
export async function ids(tab: { readonly bee: HyperbeeView }): Promise<string[]> {
  const found: [number, string][] = []
  for await (const { key, value } of tab.bee.createReadStream({ gte: b4a.from('id/'), lt: b4a.from('id0') }))
    found.push([Number(b4a.toString(value as Uint8Array)), b4a.toString(key as Uint8Array).slice(3)])
  return found.sort(([a], [b]) => a - b).map(([, id]) => id)
}

export function numbers(count: number, name = ''): string[] {
  return Array.from({ length: count }, (_, i) => `${name}${i}`)
}
