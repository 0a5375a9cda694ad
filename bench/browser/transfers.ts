/** Blocks to and from a page: over a relay, and for comparison with no transport at all. */
import b4a from 'b4a'
import { type Corestore, connectRelay, memory, openStore } from '../../adapters/entry/browser.ts'
import { holdBlocks, type Load, readBlocks } from '../relay/transfer.ts'

interface Meeting {
  readonly url: string
  /** 32 bytes, hex. */
  readonly topic: string
}

let behindRelay: Promise<Corestore> | null = null

/** ms to read blocks out of another store in this page, over piped streams: what the stack itself takes, on both sides. */
export async function transferCeiling(load: Load): Promise<number> {
  const [from, to] = [await openStore(memory()), await openStore(memory())]
  const core = await holdBlocks(from, load)
  const [left, right] = [from.replicate(true), to.replicate(false)]
  for (const stream of [left, right]) stream.on('error', () => {})
  left.pipe(right as never)
  right.pipe(left as never)
  const ms = await readBlocks(to, core.key as Uint8Array, load.count)
  left.destroy()
  right.destroy()
  await Promise.all([from.close(), to.close()])
  return ms
}

/** The key, as hex, of new blocks that this page has. */
export async function relayHold(o: Meeting & Load): Promise<string> {
  const core = await holdBlocks(await storeAt(o), o)
  return b4a.toString(core.key as Uint8Array, 'hex')
}

/** ms to read blocks that the other side has. */
export async function relayRead(o: Meeting & { key: string; count: number }): Promise<number> {
  return readBlocks(await storeAt(o), b4a.from(o.key, 'hex'), o.count)
}

/** One for the page. */
function storeAt({ url, topic }: Meeting): Promise<Corestore> {
  behindRelay ??= openStore(memory()).then(store => {
    connectRelay(store, url, { topics: [b4a.from(topic, 'hex')] })
    return store
  })
  return behindRelay
}
