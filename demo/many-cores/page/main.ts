/**
 * The reader of `demo/many-cores` in a page: finds all cores of a writer from the key of its main core, over a relay, keeps
 * them in IndexedDB, and shows what is appended. What is there is shown at once, also without a network.
 */
import type Hypercore from 'hypercore'
import { AutobeeError, b4a, type Corestore, openStore } from '../../../adapters/entry/browser.ts'
import { connectRelay, type RelayHandle } from '../../../adapters/transport/websocket.ts'
import { otherKeysOf } from '../cores.ts'
import { CoreView, say, sayProblem, showForm, type Wanted } from './view.ts'

const STORE = 'many-cores'
/** A block is shown up to here. */
const LONGEST = 300

const hash = new URLSearchParams(location.hash.slice(1))
const wanted: Wanted = {
  key: hash.get('key') ?? '',
  relay: hash.get('relay') ?? `${location.origin.replace(/^http/, 'ws')}/relay`
}

// the address has all that it takes to come back here
showForm(wanted, ({ key, relay }) => {
  const there = `#${new URLSearchParams({ key, relay })}`
  if (location.hash === there) location.reload()
  else location.hash = there
})
addEventListener('hashchange', () => location.reload())
if (wanted.key) read(wanted).catch(fail)
else say('Give the key that the writer prints.')

async function read({ key, relay }: Wanted): Promise<void> {
  const store = await open()
  const main = mainCore(store, key)
  if (!main) return
  await main.ready()
  const handle = connectRelay(store, relay, { topics: [main.discoveryKey] })
  for (const event of ['peer', 'peer-close', 'relay'] as const) handle.on(event, () => tell(handle))
  tell(handle)
  await follow(main, 'the main core', async block => {
    const keys = otherKeysOf(jsonOf(block))
    if (!keys) sayProblem('This is no key of a main core: its first block lists no other cores.')
    const others = (keys ?? []).map(key => store.get({ key }))
    await Promise.all(others.map(core => core.ready()))
    others.forEach((core, i) => {
      follow(core, `core ${i + 1}`).catch(fail)
    })
  })
}

async function open(): Promise<Corestore> {
  try {
    return await openStore(STORE)
  } catch (error) {
    if (!AutobeeError.is(error, 'STORE_LOCKED')) throw error
    say('Another tab of this browser reads already. This one goes on when that one is closed.')
    return openStore(STORE, { wait: true })
  }
}

/** Null for what is no key. */
function mainCore(store: Corestore, key: string): Hypercore | null {
  try {
    return store.get({ key })
  } catch {
    sayProblem(`"${key}" is no key. The writer prints it: 64 hex digits (or 52 letters).`)
    return null
  }
}

/** Shows every block in order, those that are yet to come included. Never resolves. */
async function follow(
  core: Hypercore,
  title: string,
  onfirst: (block: Uint8Array) => Promise<void> = async () => {}
): Promise<void> {
  const view = new CoreView({ title, key: b4a.toString(core.key, 'hex') })
  const showLength = () => view.setLength(core.length)
  core.on('append', showLength)
  showLength()
  let index = 0
  for await (const block of core.createReadStream<Uint8Array>({ live: true })) {
    view.addBlock(index, textOf(block))
    if (index === 0) await onfirst(block)
    index++
  }
}

function tell({ peers, relays }: RelayHandle): void {
  const isOpen = relays.some(({ status }) => status === 'open')
  if (peers.length > 0) say(`Connected to ${peers.length === 1 ? 'one peer' : `${peers.length} peers`}.`)
  else if (isOpen) say('Connected to the relay. Nobody else with these cores is there.')
  else say('The relay cannot be reached. Trying until it can.')
}

function textOf(block: Uint8Array): string {
  const text = b4a.toString(block)
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text
}

function jsonOf(block: Uint8Array): unknown {
  try {
    return JSON.parse(b4a.toString(block))
  } catch {
    return null
  }
}

function fail(error: unknown): void {
  sayProblem(error instanceof Error ? error.message : String(error))
}
