import b4a from 'b4a'
import type Protomux from 'protomux'
import { AutobeeError } from '../../../src/index.ts'
import { type Held, type MirrorMessage, type MirrorRefusal, MOST_KEYS } from './messages.ts'
import { MirrorWire } from './wire.ts'

/** ms; what a database learns of in between is announced together. */
const PAUSE = 100
/** Messages at once; then one in a pause. A mirror takes 64, and 16 in a second. */
const BURST = 32

/** How much of a database a mirror has said that it has. */
export interface Progress {
  /** Cores that are to be mirrored. */
  readonly cores: number
  /** Of these: wholly there. */
  readonly storedCores: number
  /** Blocks that this peer has. */
  readonly blocks: number
  /** Of these: there. */
  readonly storedBlocks: number
}

/** What a mirror does not take. `limit`, `used` and `wanted`: bytes for `FULL`, else cores or databases. */
export interface Refusal {
  readonly reason: MirrorRefusal
  readonly limit: number
  readonly used: number
  readonly wanted: number
}

export interface AskerOptions {
  /** Key of the database. */
  readonly key: Uint8Array
  /** What this peer has now: every core that is to be mirrored, and how much of it is here. */
  heads(): readonly Held[] | Promise<readonly Held[]>
  onprogress(progress: Progress): void
  onrefused(refusal: Refusal): void
  /** What the mirror says is no longer how it stood: the status may be another. */
  onchange(): void
  /** The mirror broke the protocol, or the cores could not be looked at. */
  onerror(error: AutobeeError): void
}

interface Waiter {
  readonly heads: readonly Held[]
  resolve(): void
  reject(error: AutobeeError): void
}

/** One database that is to be mirrored, through any number of connections with its mirror, one at a time. */
export class Asker {
  readonly #o: AskerOptions
  /** By key as hex: what this peer has, and what the mirror has said that it has. */
  #heads = new Map<string, Held>()
  readonly #held = new Map<string, number>()
  readonly #waiters = new Set<Waiter>()
  readonly #leaving: { resolve(isFreed: boolean): void; reject(error: AutobeeError): void }[] = []
  /** Keys announced on this connection, and those among them that are answered. */
  #announced = new Set<string>()
  #wire: MirrorWire | null = null
  #isOpen = false
  #refusal: Refusal | null = null
  #pause: ReturnType<typeof setTimeout> | null = null
  /** Messages that may go out now. */
  #allowance = BURST
  #isClosed = false
  #isLeaving = false

  constructor(options: AskerOptions) {
    this.#o = options
  }

  /** Does the mirror have all that this peer had when it last looked? */
  get isStored(): boolean {
    return this.#heads.size > 0 && this.#has([...this.#heads.values()])
  }

  /** Of this connection; null when everything was taken so far. */
  get refusal(): Refusal | null {
    return this.#refusal
  }

  get isConnected(): boolean {
    return this.#isOpen
  }

  get progress(): Progress {
    let [storedCores, blocks, storedBlocks] = [0, 0, 0]
    for (const [id, { length }] of this.#heads) {
      const held = this.#held.get(id) ?? -1
      if (held >= length) storedCores++
      blocks += length
      storedBlocks += Math.min(length, Math.max(0, held))
    }
    return { cores: this.#heads.size, storedCores, blocks, storedBlocks }
  }

  /** A connection with the mirror, whose handshake is through; what was before is given up. */
  connect(muxer: Protomux): void {
    if (this.#isClosed) return
    this.#disconnect()
    const wire: MirrorWire = new MirrorWire(muxer, {
      limits: { quota: 0, cores: 0 },
      handlers: {
        onopen: () => {
          if (this.#wire !== wire) return
          this.#isOpen = true
          this.#o.onchange()
          this.look()
          if (this.#leaving.length > 0) wire.send({ type: 'unmirror', database: this.#o.key })
        },
        onmessage: message => {
          if (this.#wire === wire) this.#onmessage(message)
        },
        onclose: isBroken => {
          if (this.#wire !== wire) return
          this.#disconnect()
          this.#o.onchange()
          if (isBroken)
            this.#o.onerror(
              new AutobeeError('TRANSPORT_FAILED', 'the mirror speaks another protocol', {
                reason: 'PROTOCOL'
              })
            )
        }
      }
    })
    if (!wire.isClosed) this.#wire = wire
  }

  /** The database may have more, or know of more writers. */
  changed(): void {
    if (this.#isClosed) return
    this.#pause ??= setTimeout(() => {
      this.#pause = null
      this.#allowance = Math.min(BURST, this.#allowance + 1)
      this.look()
    }, PAUSE)
  }

  /** Looks what is here, and announces what is new. */
  look(): void {
    this.#look().catch(error => this.#failed(error))
  }

  /**
   * Resolves when the mirror has all that this peer has now.
   * @throws AutobeeError `TRANSPORT_FAILED` with the mirror's reason when it refuses, `CLOSED`
   */
  async stored(): Promise<void> {
    this.#check()
    await this.#look().catch(error => {
      this.#check()
      throw failed(error)
    })
    this.#check()
    const heads = [...this.#heads.values()]
    if (this.#has(heads)) return
    if (this.#refusal) throw refused(this.#refusal)
    await new Promise<void>((resolve, reject) => this.#waiters.add({ heads, resolve, reject }))
  }

  /** Resolves to whether the mirror has freed what it had. @throws as {@link stored} does */
  leave(): Promise<boolean> {
    return new Promise((resolve, reject) => {
      if (this.#isClosed) {
        reject(closed())
        return
      }
      this.#isLeaving = true
      this.#leaving.push({ resolve, reject })
      if (this.#isOpen) this.#wire?.send({ type: 'unmirror', database: this.#o.key })
    })
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    if (this.#pause) clearTimeout(this.#pause)
    const wire = this.#wire
    this.#disconnect()
    wire?.close()
    this.reject(closed())
  }

  /** All that wait for the mirror wait no longer. */
  reject(error: AutobeeError): void {
    this.#rejectWaiters(error)
    for (const { reject } of this.#leaving.splice(0)) reject(error)
    this.#isLeaving = false
  }

  #rejectWaiters(error: AutobeeError): void {
    for (const { reject } of this.#waiters) reject(error)
    this.#waiters.clear()
  }

  async #look(): Promise<void> {
    const heads = await this.#o.heads()
    if (this.#isClosed) return
    this.#heads = new Map(heads.map(head => [b4a.toString(head.key, 'hex'), head]))
    this.#announce()
    this.#o.onchange()
  }

  #announce(): void {
    // who leaves, or has left, does not ask again
    if (!this.#isOpen || this.#isLeaving) return
    const fresh = [...this.#heads].filter(([id]) => !this.#announced.has(id))
    for (let i = 0; i < fresh.length; i += MOST_KEYS) {
      if (this.#allowance === 0) {
        this.changed()
        return
      }
      this.#allowance--
      const some = fresh.slice(i, i + MOST_KEYS)
      for (const [id] of some) this.#announced.add(id)
      this.#wire?.send({ type: 'mirror', database: this.#o.key, keys: some.map(([, { key }]) => key) })
    }
  }

  #onmessage(message: MirrorMessage): void {
    if (message.type === 'mirror' || message.type === 'unmirror') {
      this.#wire?.break()
      return
    }
    // this handle knows of no other
    if (!b4a.equals(message.database, this.#o.key)) return
    if (message.type === 'held') this.#onheld(message.heads)
    else if (message.type === 'forgotten') {
      this.#held.clear()
      for (const { resolve } of this.#leaving.splice(0)) resolve(message.isFreed)
    } else this.#onrefused(message)
  }

  #onheld(heads: readonly Held[]): void {
    for (const { key, length } of heads) {
      const id = b4a.toString(key, 'hex')
      // a mirror may say what it likes, but not fill the memory
      if (this.#announced.has(id)) this.#held.set(id, length)
    }
    for (const waiter of this.#waiters) {
      if (!this.#has(waiter.heads)) continue
      this.#waiters.delete(waiter)
      waiter.resolve()
    }
    this.#o.onprogress(this.progress)
    this.#o.onchange()
  }

  #onrefused({ reason, limit, used, wanted }: Refusal): void {
    const refusal = { reason, limit, used, wanted }
    if (reason === 'UNKNOWN') {
      // it has nothing for this peer, who may have wanted just that
      this.#held.clear()
      for (const { resolve } of this.#leaving.splice(0)) resolve(false)
      if (this.#isLeaving) return
    }
    this.#refusal = refusal
    this.#o.onrefused(refusal)
    this.#o.onchange()
    // only this may speak of leaving: the others answer what was asked before
    if (reason === 'FAILED') this.reject(refused(refusal))
    else this.#rejectWaiters(refused(refusal))
  }

  #has(heads: readonly Held[]): boolean {
    return heads.every(({ key, length }) => (this.#held.get(b4a.toString(key, 'hex')) ?? -1) >= length)
  }

  #check(): void {
    if (this.#isClosed) throw closed()
  }

  #disconnect(): void {
    this.#wire = null
    this.#isOpen = false
    this.#allowance = BURST
    this.#announced = new Set()
    // it may have lost what it had, or have more room now
    this.#held.clear()
    this.#refusal = null
  }

  #failed(error: unknown): void {
    if (!this.#isClosed) this.#o.onerror(failed(error))
  }
}

function failed(error: unknown): AutobeeError {
  if (AutobeeError.is(error)) return error
  return new AutobeeError('STORE_FAILED', 'the cores to be mirrored could not be looked at', { cause: error })
}

function refused({ reason, limit, used, wanted }: Refusal): AutobeeError {
  const numbers = limit > 0 ? ` (limit ${limit}, used ${used}, wanted ${wanted})` : ''
  return new AutobeeError('TRANSPORT_FAILED', `the mirror refused: ${reason}${numbers}`, { reason })
}

function closed(): AutobeeError {
  return new AutobeeError('CLOSED', 'this is mirrored no longer: the handle is closed')
}
