import type Corestore from 'corestore'
import Hypercore from 'hypercore'
import crypto from 'hypercore-crypto'
import type Protomux from 'protomux'
import { afterEach } from 'vitest'
import { Asker, type AskerOptions, type Refusal } from '../../../adapters/transport/mirror/asker.ts'
import { type HostOptions, MirrorHost } from '../../../adapters/transport/mirror/host.ts'
import type { AutobeeError } from '../../../src/index.ts'
import { type TempStore, tempStore } from '../../support/store.ts'

/** What replicates over a stream that it is given. */
export interface Target {
  replicate(stream: Hypercore.ReplicationStream): unknown
}

export interface Line {
  /** The other side's, of both. */
  readonly a: Hypercore.ReplicationStream
  readonly b: Hypercore.ReplicationStream
  readonly muxerA: Protomux
  readonly muxerB: Protomux
  cut(): Promise<void>
}

export interface LineOptions {
  readonly keyPair?: Hypercore.KeyPair
  /** Of `b`. */
  readonly remote?: Hypercore.KeyPair
  /** Everything that reaches `b`: as it comes over the network, and decrypted. */
  tap?(bytes: Uint8Array): void
}

/** Two Noise streams in this process, piped; each side replicates when the handshake is through, as over a relay. */
export async function line(
  a: Target,
  b: Target,
  { keyPair = crypto.keyPair(), remote = crypto.keyPair(), tap }: LineOptions = {}
): Promise<Line> {
  const left = Hypercore.createProtocolStream(true, { keyPair })
  const right = Hypercore.createProtocolStream(false, { keyPair: remote })
  for (const stream of [left, right]) stream.on('error', () => {})
  if (tap) {
    left.on('data', (bytes: unknown) => tap((bytes as Uint8Array).slice()))
    right.noiseStream.on('data', (bytes: unknown) => tap((bytes as Uint8Array).slice()))
  }
  left.pipe(right as never)
  right.pipe(left as never)
  const closed = Promise.all(
    [left, right].map(stream => new Promise<void>(resolve => stream.once('close', () => resolve())))
  )
  await Promise.all([left.noiseStream.opened, right.noiseStream.opened])
  b.replicate(right)
  a.replicate(left)
  return {
    a: left,
    b: right,
    muxerA: Hypercore.getProtocolMuxer(left),
    muxerB: Hypercore.getProtocolMuxer(right),
    async cut() {
      left.destroy()
      right.destroy()
      await closed
    }
  }
}

/** One side that asks a mirror, with what it was told. */
export class TestAsker {
  readonly keyPair = crypto.keyPair()
  readonly refusals: Refusal[] = []
  readonly errors: AutobeeError[] = []
  readonly asker: Asker

  constructor({ key, heads }: Pick<AskerOptions, 'key' | 'heads'>) {
    this.asker = new Asker({
      key,
      heads,
      onprogress: () => {},
      onrefused: refusal => this.refusals.push(refusal),
      onchange: () => {},
      onerror: error => this.errors.push(error)
    })
  }
}

/** Opens stores and mirrors, and closes them after each case. */
export class MirrorHarness {
  readonly #stores: TempStore[] = []
  readonly #closing: (() => unknown)[] = []

  async store(): Promise<TempStore> {
    const store = await tempStore()
    this.#stores.push(store)
    return store
  }

  async host(options: Partial<HostOptions> & { store: Corestore }): Promise<MirrorHost> {
    const host = await MirrorHost.open({
      quota: Number.POSITIVE_INFINITY,
      maxDatabases: 8,
      maxDatabasesPerPeer: 8,
      maxCores: 64,
      isAllowed: () => true,
      ...options
    })
    this.#closing.push(() => host.close())
    return host
  }

  /** Closed after the case, last first. */
  later(close: () => unknown): void {
    this.#closing.push(close)
  }

  async clean(): Promise<void> {
    for (const close of this.#closing.splice(0).reverse()) await close()
    await Promise.all(this.#stores.splice(0).map(store => store.close()))
  }
}

export function mirrorHarness(): MirrorHarness {
  const h = new MirrorHarness()
  afterEach(() => h.clean())
  return h
}
