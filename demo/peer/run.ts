import { join, resolve } from 'node:path'
import type { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import b4a from 'b4a'
import { openStore } from '../../adapters/storage/file.ts'
import { Autobee, AutobeeError, type Changes } from '../../src/index.ts'
import { reachable } from '../common/address.ts'
import { Network } from '../common/network.ts'
import { folderBeside, quoted } from '../common/shell.ts'
import { hintWhenSilent } from '../common/silence.ts'
import { UserError } from '../common/user-error.ts'
import type { Flags } from './flags.ts'
import { Input } from './input.ts'
import { type Memory, recall, remember } from './memory.ts'
import type { Teller } from './notices.ts'
import { apply, isOpen, LET_ME_IN } from './values.ts'

/** With `--once`: how long a peer may take to fetch what was written, ms. */
const DELIVERY = 10_000
/** With `--once`: how long a reader bears with nobody to talk to, ms. */
const PATIENCE = 30_000
/** Entries of the view that are shown at the start. */
const MOST_SHOWN = 20

export interface World {
  readonly stdin: Readable & { readonly isTTY?: boolean }
  readonly teller: Teller
  /** Resolves when the peer shall end. */
  readonly stop: Promise<void>
}

/** Runs a peer until it is stopped. Resolves to its exit code. @throws UserError */
export async function runPeer(flags: Flags, { stdin, teller, stop }: World): Promise<number> {
  const folder = resolve(flags.data)
  const memory = await recall(folder)
  if (memory && flags.join && memory.key !== flags.join) {
    throw new UserError(
      `${flags.data} holds the database ${memory.key} already. Join the other one with another folder: --data DIR.`,
      { exitCode: 2 }
    )
  }
  const peer = await Peer.open(folder, { flags, memory, teller })
  try {
    return await peer.serve(stdin, stop)
  } finally {
    await peer.close()
  }
}

interface PeerOptions {
  readonly flags: Flags
  readonly memory: Memory | null
  readonly teller: Teller
}

class Peer {
  readonly #o: PeerOptions
  readonly #store: Awaited<ReturnType<typeof openStore>>
  readonly #db: Autobee
  readonly #folder: string
  /** Resolves when nothing more is applied. */
  readonly #failed: Promise<number>
  #network: Network | null = null
  #isAsked = false

  private constructor(folder: string, store: Awaited<ReturnType<typeof openStore>>, options: PeerOptions) {
    this.#o = options
    this.#folder = folder
    this.#store = store
    const key = options.flags.join ?? options.memory?.key ?? null
    this.#db = new Autobee(store, key, {
      valueEncoding: 'json',
      apply: apply as never,
      update: (_, changes) => this.#showChanges(changes)
    })
    this.#failed = this.#watch()
  }

  /** @throws UserError */
  static async open(folder: string, options: PeerOptions): Promise<Peer> {
    try {
      const store = await openStore(join(folder, 'store'))
      const peer = new Peer(folder, store, options)
      try {
        await peer.#open()
        return peer
      } catch (error) {
        await peer.close()
        throw error
      }
    } catch (error) {
      throw explain(error, options.flags.data)
    }
  }

  async serve(stdin: World['stdin'], stop: Promise<void>): Promise<number> {
    const { once } = this.#o.flags
    const input = new Input(stdin, {
      isTerminal: stdin.isTTY === true,
      append: value => this.#append(value),
      writable: () => this.#untilWritable(),
      problem: sentence => this.#o.teller.problem(sentence)
    })
    const stopped = stop.then(() => 'stopped' as const)
    const lost = once ? this.#lost() : never()
    const ended = await Promise.race([input.run().then(() => 'ended' as const), stopped, this.#failed, lost])
    let code = typeof ended === 'number' ? ended : 0
    if (ended === 'ended' && once) {
      await Promise.race([this.#delivered(), stopped])
      code = input.refused > 0 ? 1 : 0
    } else if (ended === 'ended') {
      this.#o.teller.tell({ event: 'end' })
      code = await Promise.race([stopped.then(() => 0), this.#failed])
    }
    input.close()
    if (input.kept > 0) {
      this.#o.teller.problem('What was typed last is not written: this peer was not let in before it ended.')
      return 1
    }
    return code
  }

  async close(): Promise<void> {
    await this.#network?.close()
    await this.#db.close()
    await this.#store.close()
  }

  async #open(): Promise<void> {
    const { flags, memory, teller } = this.#o
    await this.#db.ready()
    const connect = flags.connect.length > 0 ? flags.connect : (memory?.connect ?? [])
    this.#network = await Network.listen(this.#db, {
      host: flags.host,
      port: flags.port,
      lastPort: memory?.port ?? 0,
      portFlag: '--port',
      ...teller
    })
    const { port } = this.#network
    const key = this.#db.id as string
    await remember(this.#folder, { key, port, connect })
    const address = reachable({ host: flags.host, port })
    const writer = b4a.toString(this.#db.local.key, 'hex')
    teller.tell({
      event: 'ready',
      key,
      writer,
      writable: this.#db.writable,
      isNew: memory === null,
      data: flags.data,
      address,
      join: `npm start -- --join ${key} --connect ${address} --data ${quoted(folderBeside(this.#folder))}`
    })
    if (!this.#db.writable) teller.tell({ event: 'request', line: JSON.stringify({ addWriter: writer }) })
    await this.#showEntries()
    if (flags.open) await this.#openUp()
    if (flags.join && connect.length === 0) {
      teller.problem(
        'Nothing to connect to: give --connect HOST:PORT, or let another peer connect to this one.'
      )
    }
    this.#network.dial(connect)
    hintWhenSilent(this.#db, {
      isConnected: () => this.#network?.isConnected === true,
      problem: teller.problem
    })
    await this.#askToBeLetIn()
  }

  async #append(value: unknown): Promise<void> {
    try {
      // a list, since an array is several values to append
      const { length } = await this.#db.append([value])
      this.#o.teller.tell({ event: 'appended', length })
    } catch (error) {
      if (AutobeeError.is(error, 'NOT_WRITABLE')) throw new Error('This peer is no writer any more.')
      throw error
    }
  }

  /** The database says when this peer may write. */
  async #untilWritable(): Promise<void> {
    if (this.#db.writable) return
    this.#o.teller.tell({ event: 'waiting' })
    await new Promise<void>(resolve => this.#db.once('writable', resolve))
  }

  #watch(): Promise<number> {
    const { teller } = this.#o
    const db = this.#db
    db.on('reorg', ({ position, undone }) => teller.tell({ event: 'reorg', position, undone }))
    db.on('writer', ({ key, isIndexer, isRemoved }) =>
      teller.tell({ event: 'writer', key: b4a.toString(key, 'hex'), isIndexer, isRemoved })
    )
    let isOpened = false
    db.once('ready', () => {
      // what it may from the start is in the first notice
      queueMicrotask(() => {
        isOpened = true
      })
    })
    db.on('writable', () => isOpened && teller.tell({ event: 'writable' }))
    db.on('unwritable', () => teller.tell({ event: 'unwritable' }))
    db.on('update', () => void this.#askToBeLetIn().catch(error => teller.problem(error.message)))
    db.on('writer-frozen', ({ key, length, message }) =>
      teller.problem(`Writer ${b4a.toString(key, 'hex')} is not followed from entry ${length} on: ${message}`)
    )
    db.on('conflict', ({ key, isLocal }) =>
      teller.problem(
        isLocal
          ? 'This folder was used in two places, and its log has forked. Join again with a new --data.'
          : `The log of writer ${b4a.toString(key, 'hex')} has forked; it is followed no further.`
      )
    )
    return new Promise(resolve => {
      db.on('error', error => {
        teller.problem(`Something failed, so this peer stops. ${error.message}`)
        resolve(1)
      })
    })
  }

  async #showChanges(changes: Changes): Promise<void> {
    for await (const { key, before, after } of changes) {
      this.#o.teller.tell({
        event: 'change',
        key: b4a.toString(key),
        before: before && decode(before),
        after: after && decode(after)
      })
    }
  }

  /** What a peer that goes on has in its view. */
  async #showEntries(): Promise<void> {
    for await (const { key, value } of this.#db.view.createReadStream({ limit: MOST_SHOWN })) {
      this.#o.teller.tell({ event: 'entry', key: b4a.toString(key), value: decode(value) })
    }
  }

  async #openUp(): Promise<void> {
    if (await isOpen(this.#db.view)) return
    if (!this.#db.writable)
      throw new UserError('--open is for a peer that may write; this one only reads so far.', { exitCode: 2 })
    await this.#db.append({ open: true })
  }

  /** A reader of an open database asks, once. */
  async #askToBeLetIn(): Promise<void> {
    if (this.#isAsked || this.#db.writable || !(await isOpen(this.#db.view)) || this.#isAsked) return
    this.#isAsked = true
    this.#o.teller.tell({ event: 'asked' })
    await this.#db.append(LET_ME_IN, { optimistic: true })
  }

  /** Resolves when this peer cannot write, and has had nobody to let it in for long. */
  async #lost(): Promise<number> {
    let since = performance.now()
    for (;;) {
      await sleep(250, undefined, { ref: false })
      if (this.#db.writable || this.#network?.isConnected) since = performance.now()
      else if (performance.now() - since > PATIENCE) return 1
    }
  }

  /** Resolves when a peer has all that this one wrote; at once when there is nobody to wait for. */
  async #delivered(): Promise<void> {
    const { flags, memory, teller } = this.#o
    const { local } = this.#db
    if (flags.connect.length + (memory?.connect.length ?? 0) === 0 || local.length === 0) return
    const start = performance.now()
    while (!local.peers.some(peer => peer.remoteContiguousLength >= local.length)) {
      if (performance.now() - start > DELIVERY) {
        teller.problem(
          'Written here, but no other peer has fetched it yet. It is sent when this peer runs again.'
        )
        return
      }
      await sleep(20)
    }
  }
}

/** What went wrong at the start, as a sentence that says what to do. */
function explain(error: unknown, data: string): unknown {
  if (!AutobeeError.is(error)) return error
  if (error.code === 'STORE_LOCKED')
    return new UserError(`Another peer is running on ${data}. Stop it, or choose another folder with --data.`)
  if (error.code === 'OPTIONS_MISMATCH')
    return new UserError(
      `The database in ${data} was made by another program. Choose another folder with --data.`
    )
  return new UserError(error.message)
}

function never(): Promise<never> {
  return new Promise(() => {})
}

function decode(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(b4a.toString(bytes))
  } catch {
    return b4a.toString(bytes)
  }
}
