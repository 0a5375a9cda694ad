import b4a from 'b4a'
import type Corestore from 'corestore'
import Hypercore from 'hypercore'
import crypto from 'hypercore-crypto'
import { typedEmitter } from '../../../src/events.ts'
import { AutobeeError } from '../../../src/index.ts'
import { MirrorChannel } from './channel.ts'
import { MirroredCore } from './core.ts'
import { MirroredDatabase } from './database.ts'
import { type MirrorRefusal, PROTOCOL } from './messages.ts'
import { type Entry, MirrorRecord, type Operation } from './record.ts'

/** Cores that are opened at once when a mirror starts. */
const AT_ONCE = 64

export interface HostLimits {
  /** Bytes per database. */
  readonly quota: number
  readonly maxDatabases: number
  readonly maxDatabasesPerPeer: number
  /** Per database. */
  readonly maxCores: number
}

export interface HostOptions extends HostLimits {
  readonly store: Corestore
  isAllowed(publicKey: Uint8Array): boolean | Promise<boolean>
}

/** A database, as a mirror sees it. */
export interface DatabaseInfo {
  /** Its key as hex. */
  readonly id: string
  readonly key: Uint8Array
  readonly discoveryKey: Uint8Array
  /** How many cores it has here. */
  readonly cores: number
  /** What it takes of its quota: the bytes of its blocks and 128 for each block. */
  readonly bytes: number
  /** Is everything here that its writers are known to have signed? */
  readonly isComplete: boolean
  /** Is there more than its quota allows? */
  readonly isFull: boolean
  /** Public keys, as hex, of the peers that asked for it. */
  readonly askers: readonly string[]
}

export interface HostEvents {
  /** A database was asked for that was not here. */
  database: [{ readonly id: string; readonly key: Uint8Array }]
  /** Nobody wants it any more, and its storage is freed. */
  forgotten: [{ readonly id: string; readonly key: Uint8Array }]
  /** A peer that is authorised was refused something; `id`: the database. */
  refused: [{ readonly id: string; readonly publicKey: Uint8Array; readonly reason: MirrorRefusal }]
  /** Everything of the database that is known to exist is here; again whenever it has grown. */
  complete: [{ readonly id: string; readonly key: Uint8Array }]
  error: [AutobeeError]
}

/** Numbers that go with a refusal. */
export interface Refused {
  readonly reason: MirrorRefusal
  readonly limit: number
  readonly used: number
  readonly wanted: number
}

/**
 * What a mirror has, and how it replicates. Over a stream it says nothing of what it has, unlike a Corestore, which tells
 * everybody the discovery keys of its open cores: it answers those who name a discovery key, and gives blocks to those
 * who prove that they know the key.
 */
export class MirrorHost extends typedEmitter<HostEvents>() {
  readonly #o: HostOptions
  readonly #record: MirrorRecord
  readonly #databases = new Map<string, MirroredDatabase>()
  readonly #cores = new Map<string, MirroredCore>()
  /** By discovery key as hex. */
  readonly #found = new Map<string, MirroredCore>()
  readonly #channels = new Set<MirrorChannel>()
  readonly #streams = new WeakSet<object>()
  #changing: Promise<unknown> = Promise.resolve()
  #closing: Promise<void> | null = null

  private constructor(options: HostOptions, record: MirrorRecord) {
    super()
    this.#o = options
    this.#record = record
  }

  /** Opens all that was asked for, and frees what nobody wants. @throws AutobeeError as {@link MirrorRecord.open} does */
  static async open(options: HostOptions): Promise<MirrorHost> {
    await options.store.ready()
    const host = new MirrorHost(options, await MirrorRecord.open(options.store))
    try {
      for (const entry of [...host.#record.entries.values()]) {
        if (entry.askers.size === 0) await host.#free(entry)
        else await host.#restore(entry)
      }
    } catch (error) {
      await host.close()
      throw error
    }
    return host
  }

  get limits(): HostLimits {
    return this.#o
  }

  get databases(): DatabaseInfo[] {
    return [...this.#databases.values()].map(database => ({
      id: database.id,
      key: database.key,
      discoveryKey: crypto.discoveryKey(database.key),
      cores: database.size,
      bytes: database.bytes,
      isComplete: database.isComplete,
      isFull: database.isFull,
      askers: [...(this.#record.entries.get(database.id)?.askers ?? [])]
    }))
  }

  find(id: string): MirroredDatabase | null {
    return this.#databases.get(id) ?? null
  }

  /** Of a stream whose handshake is through, or a new one. @throws AutobeeError `CLOSED` */
  replicate(
    stream: boolean | Hypercore.ReplicationStream | Hypercore.NoiseStream
  ): Hypercore.ReplicationStream {
    if (this.#closing) throw closed()
    const outer = Hypercore.createProtocolStream(stream, {
      ondiscoverykey: discoveryKey => this.#attach(discoveryKey, muxer)
    })
    const muxer = Hypercore.getProtocolMuxer(outer)
    if (this.#streams.has(muxer)) return outer
    this.#streams.add(muxer)
    muxer.pair({ protocol: PROTOCOL }, async id => {
      const { remotePublicKey } = muxer.stream
      if (id !== null || this.#closing || (await this.#o.isAllowed(remotePublicKey)) !== true) return
      if (this.#closing) return
      const channel = new MirrorChannel(this, { muxer, asker: remotePublicKey })
      if (channel.isClosed) return
      this.#channels.add(channel)
      channel.onclose = () => this.#channels.delete(channel)
    })
    return outer
  }

  /** Cores for a database; it is new if it has to be. Resolves to what is refused, or to the cores. */
  mirror(
    asker: Uint8Array,
    { database: key, keys }: { database: Uint8Array; keys: readonly Uint8Array[] }
  ): Promise<{ database: MirroredDatabase; cores: MirroredCore[] } | Refused> {
    return this.#exclusively(async () => {
      const id = b4a.toString(key, 'hex')
      // freeing it failed, and had no turn since
      const leaving = this.#record.entries.get(id)
      if (leaving?.askers.size === 0) await this.#free(leaving)
      const entry = this.#record.entries.get(id) ?? null
      const given = new Map([key, ...keys].map(one => [b4a.toString(one, 'hex'), one]))
      const fresh = [...given].filter(([one]) => !entry?.cores.has(one)).map(([, one]) => one)
      const refused = this.#refusal(entry, { asker, fresh }) ?? (await this.#foreign(fresh))
      if (refused) return refused
      const operations: Operation[] = []
      if (!entry?.askers.has(b4a.toString(asker, 'hex')))
        operations.push({ type: 'ask', database: key, asker })
      if (fresh.length > 0) operations.push({ type: 'cores', database: key, keys: fresh })
      if (operations.length > 0) await this.#record.write(operations)
      const database = await this.#add(key, fresh)
      if (!entry) this.emit('database', { id, key })
      return { database, cores: [...given.keys()].flatMap(one => this.#cores.get(one) ?? []) }
    })
  }

  /** Resolves to whether the storage was freed: another peer may want it still. */
  unmirror(asker: Uint8Array, key: Uint8Array): Promise<boolean | Refused> {
    return this.#exclusively(async () => {
      const entry = this.#record.entries.get(b4a.toString(key, 'hex'))
      if (!entry?.askers.has(b4a.toString(asker, 'hex')))
        return { reason: 'UNKNOWN', limit: 0, used: 0, wanted: 0 }
      await this.#record.write([{ type: 'leave', database: key, asker }])
      if (entry.askers.size > 0) return false
      await this.#free(entry)
      return true
    })
  }

  /** Whoever asked for it: frees its storage. False when it is not here. Peers may ask for it again. */
  forget(key: Uint8Array): Promise<boolean> {
    return this.#exclusively(async () => {
      const id = b4a.toString(key, 'hex')
      const entry = this.#record.entries.get(id)
      if (!entry) return false
      const leave = [...entry.askers].map(asker => b4a.from(asker, 'hex'))
      await this.#record.write(leave.map(asker => ({ type: 'leave' as const, database: key, asker })))
      const database = this.#databases.get(id)
      if (database) for (const channel of this.#channels) channel.onforgotten(database)
      await this.#free(entry)
      return true
    })
  }

  refuse(asker: Uint8Array, { id, reason }: { id: string; reason: MirrorRefusal }): void {
    this.emit('refused', { id, publicKey: asker, reason })
  }

  fail(error: unknown): void {
    if (this.#closing || this.listenerCount('error') === 0) return
    const known = AutobeeError.is(error) ? error : null
    this.emit(
      'error',
      known ?? new AutobeeError('STORE_FAILED', 'the mirror could not change its store', { cause: error })
    )
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    for (const channel of [...this.#channels]) channel.close()
    await this.#changing
    for (const database of this.#databases.values()) database.leave()
    await Promise.all([...this.#cores.values()].map(core => core.close()))
    await this.#record.close()
  }

  #refusal(
    entry: Entry | null,
    { asker, fresh }: { asker: Uint8Array; fresh: readonly Uint8Array[] }
  ): Refused | null {
    const { maxCores, maxDatabases, maxDatabasesPerPeer } = this.#o
    const id = b4a.toString(asker, 'hex')
    const all = [...this.#record.entries.values()]
    const own = all.filter(({ askers }) => askers.has(id)).length
    if (!entry && all.length >= maxDatabases)
      return { reason: 'DATABASES', limit: maxDatabases, used: all.length, wanted: all.length + 1 }
    if (!entry?.askers.has(id) && own >= maxDatabasesPerPeer)
      return { reason: 'DATABASES', limit: maxDatabasesPerPeer, used: own, wanted: own + 1 }
    const used = entry?.cores.size ?? 0
    const wanted = used + fresh.length
    return wanted > maxCores ? { reason: 'CORES', limit: maxCores, used, wanted } : null
  }

  /** What the store has for other reasons must not be given away, and not be deleted with a database. */
  async #foreign(keys: readonly Uint8Array[]): Promise<Refused | null> {
    for (const key of keys) {
      if (this.#cores.has(b4a.toString(key, 'hex'))) continue
      if (await this.#o.store.storage.hasCore(crypto.discoveryKey(key)))
        return { reason: 'FOREIGN', limit: 0, used: 0, wanted: 0 }
    }
    return null
  }

  async #restore({ key, cores }: Entry): Promise<void> {
    await this.#add(
      key,
      [...cores].map(core => b4a.from(core, 'hex'))
    )
  }

  async #add(key: Uint8Array, keys: readonly Uint8Array[]): Promise<MirroredDatabase> {
    const id = b4a.toString(key, 'hex')
    const database = this.#databases.get(id) ?? this.#createDatabase(key)
    this.#databases.set(id, database)
    const cores = keys.map(one => this.#open(one))
    for (let i = 0; i < cores.length; i += AT_ONCE)
      await Promise.all(cores.slice(i, i + AT_ONCE).map(core => core.ready()))
    await database.add(cores)
    return database
  }

  #createDatabase(key: Uint8Array): MirroredDatabase {
    return new MirroredDatabase(key, {
      quota: this.#o.quota,
      onheld: (database, core) => {
        for (const channel of this.#channels) channel.onheld(database, core)
        if (database.becameComplete()) this.emit('complete', { id: database.id, key: database.key })
      },
      onfull: (database, core) => {
        for (const channel of this.#channels) channel.onfull(database, core)
      },
      onfailed: error => this.fail(error),
      onconflict: core =>
        this.fail(
          new AutobeeError(
            'CONFLICT',
            `two versions of the core ${core.id} are signed; the first one is kept`
          )
        )
    })
  }

  #open(key: Uint8Array): MirroredCore {
    const id = b4a.toString(key, 'hex')
    const known = this.#cores.get(id)
    if (known) return known
    const core = new MirroredCore(this.#o.store, key)
    this.#cores.set(id, core)
    this.#found.set(b4a.toString(core.discoveryKey, 'hex'), core)
    return core
  }

  /** Deletes the cores that no other database has. Killed in between, it is done when the mirror starts again. */
  async #free({ key, cores }: Entry): Promise<void> {
    const id = b4a.toString(key, 'hex')
    this.#databases.get(id)?.leave()
    this.#databases.delete(id)
    for (const one of cores) {
      if (this.#isNeeded(one, id)) continue
      const core = this.#open(b4a.from(one, 'hex'))
      this.#cores.delete(one)
      this.#found.delete(b4a.toString(core.discoveryKey, 'hex'))
      await core.ready()
      await core.delete()
    }
    await this.#record.write([{ type: 'gone', database: key }])
    this.emit('forgotten', { id, key })
  }

  #isNeeded(core: string, except: string): boolean {
    for (const [id, { cores, askers }] of this.#record.entries)
      if (id !== except && askers.size > 0 && cores.has(core)) return true
    return false
  }

  async #attach(
    discoveryKey: Uint8Array,
    muxer: ReturnType<typeof Hypercore.getProtocolMuxer>
  ): Promise<void> {
    if (!this.#closing) await this.#found.get(b4a.toString(discoveryKey, 'hex'))?.attach(muxer)
  }

  #exclusively<T>(run: () => Promise<T>): Promise<T> {
    const next = this.#changing.then(() => {
      if (this.#closing) throw closed()
      return run()
    })
    this.#changing = next.catch(() => {})
    return next
  }
}

function closed(): AutobeeError {
  return new AutobeeError('CLOSED', 'the mirror is closed')
}
