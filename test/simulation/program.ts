import b4a from 'b4a'
import type { ApplyNode, Host, HyperbeeView } from '../../src/index.ts'

/** One instruction. What it does may depend on the view, and on nothing else that differs between peers. */
export type Op =
  | readonly ['put', key: string, value: string]
  | readonly ['del', key: string]
  /** Counts up what is there. */
  | readonly ['inc', key: string]
  /** Deletes `to` when `from` is not there. */
  | readonly ['copy', from: string, to: string]
  /** Puts a digest of all that lies in a range. */
  | readonly ['sum', range: { gte: string; lt: string; limit: number; reverse: boolean }, to: string]
  | readonly ['wipe', range: { gte: string; lt: string }]
  /** Puts the last key below `below`. */
  | readonly ['peek', below: string, to: string]
  | readonly ['add', writer: string, role: 'indexer' | 'writer']
  /** Not the last indexer: somebody has to go on. */
  | readonly ['remove', writer: string]
  /** Lets strangers in who claim it, that many times. */
  | readonly ['invite', name: string, uses: number]
  /** A stranger's: acknowledged while the invite has uses left; else refused, or, when `strict`, apply throws on it. */
  | readonly ['claim', name: string, options: { join: 'indexer' | 'writer' | null; strict: boolean }]
  | readonly ['fail']

/** What is appended. */
export interface Value {
  /** Tells it from every other value of the run. */
  readonly id: string
  readonly ops: readonly Op[]
}

export interface ApplyHooks {
  /** What lies outside of what peers agree on: interrupts, and failures of this one peer. */
  onunit(host: Host, options: { isMember: boolean }): void
}

/** The `apply` of the simulated databases, on a real view. {@link Model} is the same on a plain map. */
export function createApply(hooks: ApplyHooks) {
  return async (nodes: ApplyNode<unknown>[], view: HyperbeeView, host: Host): Promise<void> => {
    for (const node of nodes) {
      const { ops } = asValue(node.value)
      const author = b4a.toString(node.key, 'hex')
      hooks.onunit(host, { isMember: (await get(view, `m/${author}`)) !== null })
      for (const op of ops) await run(op, { view, host, author })
      const next = Number((await get(view, 'log')) ?? 0)
      const batch = view.write()
      batch.tryPut(bytes('log'), bytes(String(next + 1)))
      const line = `${author.slice(0, 8)} ${node.length} ${node.timestamp} ${node.optimistic}`
      batch.tryPut(bytes(logKey(next)), bytes(line))
      await batch.flush()
    }
  }
}

export function logKey(index: number): string {
  return `log/${String(index).padStart(6, '0')}`
}

export function asValue(value: unknown): Value {
  return (value instanceof Uint8Array ? JSON.parse(b4a.toString(value)) : value) as Value
}

interface Context {
  readonly view: HyperbeeView
  readonly host: Host
  readonly author: string
}

async function run(op: Op, { view, host, author }: Context): Promise<void> {
  switch (op[0]) {
    case 'put':
      return put(view, op[1], op[2])
    case 'del':
      return del(view, [op[1]])
    case 'inc':
      return put(view, op[1], `${Number.parseInt((await get(view, op[1])) ?? '', 10) + 1 || 1}`)
    case 'copy': {
      const value = await get(view, op[1])
      return value === null ? del(view, [op[2]]) : put(view, op[2], value)
    }
    case 'sum': {
      const { gte, lt, limit, reverse } = op[1]
      const lines: string[] = []
      const range = { gte: bytes(gte), lt: bytes(lt), limit, reverse }
      for await (const { key, value } of view.createReadStream(range))
        lines.push(`${text(key)}=${text(value)}`)
      return put(view, op[2], digest(lines))
    }
    case 'wipe': {
      const keys: string[] = []
      const range = { gte: bytes(op[1].gte), lt: bytes(op[1].lt) }
      for await (const { key } of view.createReadStream(range)) keys.push(text(key))
      return del(view, keys)
    }
    case 'peek': {
      const entry = await view.peek({ lt: bytes(op[1]), reverse: true })
      return put(view, op[2], entry ? text(entry.key) : 'nothing')
    }
    case 'add':
      host.addWriter(op[1], { isIndexer: op[2] === 'indexer' })
      return put(view, `m/${op[1]}`, op[2])
    case 'remove': {
      let others = 0
      for await (const { key, value } of view.createReadStream({ gte: bytes('m/'), lt: bytes('m0') })) {
        if (text(value) === 'indexer' && text(key) !== `m/${op[1]}`) others++
      }
      if (others === 0) return
      host.removeWriter(op[1])
      return del(view, [`m/${op[1]}`])
    }
    case 'invite':
      return put(view, `invite/${op[1]}`, String(op[2]))
    case 'claim': {
      const uses = Number((await get(view, `invite/${op[1]}`)) ?? 0)
      const isMember = (await get(view, `m/${author}`)) !== null
      if (uses === 0 && op[2].strict && !isMember) throw new Error('no such invite')
      if (uses === 0) return
      host.ackWriter(author)
      if (op[2].join) host.addWriter(author, { isIndexer: op[2].join === 'indexer' })
      if (op[2].join) await put(view, `m/${author}`, op[2].join)
      return uses > 1 ? put(view, `invite/${op[1]}`, String(uses - 1)) : del(view, [`invite/${op[1]}`])
    }
    case 'fail':
      throw new Error('fails everywhere')
  }
}

/** Short, and different for every list. */
export function digest(lines: readonly string[]): string {
  let hash = 7
  for (const line of lines) {
    for (let i = 0; i < line.length; i++) hash = (Math.imul(hash, 31) + line.charCodeAt(i)) | 0
    hash = Math.imul(hash, 17) | 0
  }
  return `${lines.length} ${hash} ${lines[0] ?? ''} ${lines[lines.length - 1] ?? ''}`.slice(0, 60)
}

async function get(view: HyperbeeView, key: string): Promise<string | null> {
  const entry = await view.get(bytes(key))
  return entry && text(entry.value)
}

async function put(view: HyperbeeView, key: string, value: string): Promise<void> {
  const batch = view.write()
  batch.tryPut(bytes(key), bytes(value))
  await batch.flush()
}

async function del(view: HyperbeeView, keys: readonly string[]): Promise<void> {
  const batch = view.write()
  for (const key of keys) batch.tryDelete(bytes(key))
  await batch.flush()
}

function bytes(value: string): Uint8Array {
  return b4a.from(value)
}

function text(value: Uint8Array | null): string {
  return b4a.toString(value as Uint8Array)
}
