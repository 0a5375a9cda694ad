import b4a from 'b4a'
import type Hyperbee from 'hyperbee2'
import type Hypercore from 'hypercore'
import type { Bytes } from '../bytes.ts'
import { AutobeeError } from '../errors.ts'
import type { HyperbeeView } from '../view.ts'
import { TypedBatch } from './batch.ts'
import {
  type Decoded,
  type Encoder,
  type Encoding,
  type EncodingFor,
  type Input,
  toEncoder
} from './encoding.ts'
import { EntryWatcher } from './entry-watcher.ts'
import {
  type KeyRange,
  type KeySpace,
  type ReadOptions,
  type ReadRange,
  readOptions,
  toTreeRange,
  toWatchBounds
} from './range.ts'
import { Source } from './source.ts'
import { mapped } from './streams.ts'
import { Watcher } from './watch.ts'

/** A key and its value, decoded. */
export interface TypedEntry<K, V> {
  readonly key: K
  readonly value: V
}

/** One key that differs: null where it is not there. `left` is of the bee asked, `right` of the other. */
export interface TypedDifference<K, V> {
  readonly left: TypedEntry<K, V> | null
  readonly right: TypedEntry<K, V> | null
}

/** How keys and values are read and written. */
export interface TypedOptions<KE, VE> {
  /** Default `binary`. */
  readonly keyEncoding?: KE | undefined
  /** Default `binary`. */
  readonly valueEncoding?: VE | undefined
}

/** What a sub has of its own. */
export interface SubOptions<KE, VE> {
  /** Default: as the bee that it is a part of. */
  readonly keyEncoding?: KE | undefined
  /** Default: as the bee that it is a part of. */
  readonly valueEncoding?: VE | undefined
  /** Between name and key; default one byte 0. */
  readonly sep?: Uint8Array | string | undefined
}

interface State {
  readonly source: Source
  readonly space: KeySpace
  readonly values: Encoder
}

const SEPARATOR = b4a.alloc(1)

/** A bee with encodings, and with what of Hyperbee 1 a Hyperbee 2 lacks. Made by {@link typed}. */
export class TypedBee<K = Bytes, V = Bytes> {
  readonly #source: Source
  readonly #space: KeySpace
  readonly #values: Encoder

  /** @internal */
  constructor({ source, space, values }: State) {
    this.#source = source
    this.#space = space
    this.#values = values
  }

  /** The bee underneath; of a live one the database's present one. @throws AutobeeError `CLOSED` */
  get bee(): HyperbeeView {
    return this.#source.bee
  }

  /** May it be written to: the bee that `apply` gets. */
  get writable(): boolean {
    return this.#source.bee.writable
  }

  /** Does it move on with a database (`db.bee`, `db.view`), or stay as it is (a snapshot)? */
  get isLive(): boolean {
    return this.#source.isLive
  }

  /** What all its keys begin with, in bytes; empty but in a sub. */
  get prefix(): Uint8Array {
    return b4a.from(this.#space.prefix)
  }

  /** The state that is read, `{ length, key }`, which {@link TypedBee.checkout} takes; null before the database is open. */
  head(): Hyperbee.Head | null {
    return this.#source.bee.head()
  }

  /** @throws AutobeeError `INVALID_ARGUMENT`, `DECODING_FAILED`, `CLOSED` */
  async get(key: Input<K>, options: ReadOptions = {}): Promise<TypedEntry<K, V> | null> {
    const bytes = this.#keyOf(key)
    return this.#read(async bee => {
      const entry = await bee.get(bytes, readOptions(options))
      return entry && this.#entryOf(entry)
    })
  }

  /** The first entry of the range, or null. @throws AutobeeError `INVALID_ARGUMENT`, `DECODING_FAILED`, `CLOSED` */
  async peek(range: ReadRange<K> = {}): Promise<TypedEntry<K, V> | null> {
    const tree = toTreeRange(range, this.#space)
    if (tree.limit === 0) return null
    return this.#read(async bee => {
      const entry = await bee.peek(tree)
      return entry && this.#entryOf(entry)
    })
  }

  /**
   * The entries of the range as of this call, in the order of their keys' bytes: a stream, and an async iterable.
   * @throws AutobeeError `INVALID_ARGUMENT`, `CLOSED`; the stream fails with `DECODING_FAILED`, `CLOSED`
   */
  createReadStream(range: ReadRange<K> = {}): Hypercore.ReadStream<TypedEntry<K, V>> {
    const tree = toTreeRange(range, this.#space)
    const { pinned } = this.#source
    return mapped({
      open: () => pinned.createReadStream(tree),
      map: entry => this.#entryOf(entry),
      toError: error => this.#source.readError(error)
    })
  }

  /**
   * What is different in `other`, in the order of the keys; an entry that only moved in the tree is none. `reverse` is
   * not supported.
   * @throws AutobeeError `INVALID_ARGUMENT`, `CLOSED`; the stream fails with `DECODING_FAILED`, `CLOSED`
   */
  createDiffStream(
    other: TypedBee<K, V> | HyperbeeView,
    range: ReadRange<K> = {}
  ): Hypercore.ReadStream<TypedDifference<K, V>> {
    const { reverse, limit = -1, ...tree } = toTreeRange(range, this.#space)
    if (reverse) throw new AutobeeError('INVALID_ARGUMENT', 'differences come in the order of the keys')
    const left = this.#source.pinned
    const right = other instanceof TypedBee ? other.#source.pinned : other
    return mapped({
      open: () => left.createDiffStream(right, tree),
      map: difference => (isChange(difference) ? this.#differenceOf(difference) : undefined),
      limit,
      toError: error => this.#source.readError(error)
    })
  }

  /** A batch of changes. @throws AutobeeError `NOT_WRITABLE`: only the bee that `apply` gets is written to */
  write(options?: Hyperbee.WriteOptions): TypedBatch<K, V> {
    const { bee } = this.#source
    if (!bee.writable) {
      throw new AutobeeError('NOT_WRITABLE', 'only the view that apply gets is written to; append a value')
    }
    return new TypedBatch(bee.write(options), { space: this.#space, values: this.#values })
  }

  /**
   * The part of this bee whose keys begin with `name` and a separator; its own keys are without them. Subs nest, and are
   * laid out as Hyperbee 1 does it.
   * @throws AutobeeError `INVALID_ARGUMENT`, `INVALID_OPTIONS`
   */
  sub<KE extends Encoding | undefined = undefined, VE extends Encoding | undefined = undefined>(
    name: Uint8Array | string,
    options?: SubOptions<KE, VE>
  ): TypedBee<KE extends Encoding ? Decoded<KE> : K, VE extends Encoding ? Decoded<VE> : V>
  sub<SK = K, SV = V>(
    name: Uint8Array | string,
    options?: SubOptions<EncodingFor<SK>, EncodingFor<SV>>
  ): TypedBee<SK, SV>
  sub(name: Uint8Array | string, options: SubOptions<Encoding, Encoding> = {}): TypedBee<never, never> {
    checkOptions(options)
    const binary = toEncoder('binary', 'name')
    const { keyEncoding, valueEncoding, sep = SEPARATOR } = options
    const prefix = b4a.concat([this.#space.prefix, binary.encode(name), binary.encode(sep)])
    const encoder = keyEncoding == null ? this.#space.encoder : toEncoder(keyEncoding, 'keyEncoding')
    const values = valueEncoding == null ? this.#values : toEncoder(valueEncoding, 'valueEncoding')
    return new TypedBee({ source: this.#source, space: { encoder, prefix }, values })
  }

  /**
   * `[current, previous]` snapshots each time that something in the range changed, reorganisations included; see
   * {@link Watcher}. What changed: `previous.createDiffStream(current, range)`.
   * @throws AutobeeError `NOT_SUPPORTED` for a bee that never moves (a snapshot; inside `apply`), `INVALID_ARGUMENT`
   */
  watch(range: KeyRange<K> = {}): Watcher<TypedBee<K, V>> {
    const bounds = toWatchBounds(range, this.#space)
    return new Watcher({
      source: this.#source,
      wrap: bee => this.#on(bee),
      differs: async ([current, previous]) => {
        for await (const difference of previous.bee.createDiffStream(current.bee, { ...bounds })) {
          if (isChange(difference)) return true
        }
        return false
      }
    })
  }

  /** The entry, kept current. @throws AutobeeError as {@link get} and {@link watch} */
  async getAndWatch(key: Input<K>): Promise<EntryWatcher<TypedEntry<K, V>>> {
    const watcher = this.watch({ gte: key, lte: key })
    try {
      const node = await this.snapshot().get(key)
      return new EntryWatcher(watcher, { node, nodes: nodesOf(watcher, bee => bee.get(key)) })
    } catch (error) {
      await watcher.close()
      throw error
    }
  }

  /** An earlier state, by its {@link head}. */
  checkout(options: { length: number; key?: Uint8Array | null }): TypedBee<K, V> {
    if (!Number.isSafeInteger(options?.length) || options.length < 0) {
      throw new AutobeeError('INVALID_ARGUMENT', 'checkout takes a head: { length, key }')
    }
    return this.#on(this.#source.bee.checkout({ length: options.length, key: options.key ?? null }))
  }

  /** The present state, which stays as it is. */
  snapshot(): TypedBee<K, V> {
    return this.#on(this.#source.bee.snapshot())
  }

  #on(bee: HyperbeeView): TypedBee<K, V> {
    return new TypedBee({ source: new Source(bee), space: this.#space, values: this.#values })
  }

  async #read<T>(read: (bee: HyperbeeView) => Promise<T>): Promise<T> {
    try {
      return await read(this.#source.bee)
    } catch (error) {
      throw this.#source.readError(error)
    }
  }

  #keyOf(key: Input<K>): Uint8Array {
    return b4a.concat([this.#space.prefix, this.#space.encoder.encode(key)])
  }

  #entryOf({ key, value }: { key: Uint8Array; value: Uint8Array }): TypedEntry<K, V> {
    return {
      key: this.#space.encoder.decode(key.subarray(this.#space.prefix.byteLength)) as K,
      value: this.#values.decode(value) as V
    }
  }

  #differenceOf({ left, right }: Hyperbee.Difference): TypedDifference<K, V> {
    return { left: left && this.#entryOf(left), right: right && this.#entryOf(right) }
  }
}

async function* nodesOf<Bee, Entry>(
  watcher: Watcher<Bee>,
  read: (bee: Bee) => Promise<Entry | null>
): AsyncGenerator<Entry | null, undefined> {
  for await (const [current] of watcher) yield await read(current)
}

function isChange({ left, right }: Hyperbee.Difference): boolean {
  return !(left && right && b4a.equals(left.value, right.value))
}

export function checkOptions(options: unknown): void {
  if (typeof options === 'object' && options !== null) return
  throw new AutobeeError('INVALID_OPTIONS', 'options are { keyEncoding, valueEncoding }')
}
