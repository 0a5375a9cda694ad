/** Scripts that test pages load. They put what they found into `globalThis.outcome`; `lib` is where the bundle is. */

export interface Readings {
  readonly first: readonly string[]
  readonly reopened: readonly string[]
  readonly writable: boolean
}

/** Appends, closes everything, opens it again and reads; on IndexedDB under the name `name`. */
export const APPEND_AND_REOPEN = `
async function appendAndReopen({ Autobee, openStore, b4a }, name) {
  const options = {
    valueEncoding: 'utf-8',
    encryptionKey: b4a.alloc(32, 7),
    async apply(nodes, view) {
      const batch = view.write()
      for (const node of nodes) batch.tryPut(b4a.from(node.value), b4a.from(node.value))
      await batch.flush()
    }
  }
  const keys = async db => {
    const found = []
    for await (const { key } of db.view.createReadStream()) found.push(b4a.toString(key))
    return found
  }

  const store = await openStore(name)
  const db = new Autobee(store, null, options)
  await db.ready()
  await db.append(['ada', 'bob'])
  await db.append('eve')
  const { key } = db
  const first = await keys(db)
  await db.close()
  await store.close()

  const again = await openStore(name)
  const same = new Autobee(again, key, options)
  await same.ready()
  const outcome = { first, reopened: await keys(same), writable: same.writable }
  await same.close()
  await again.close()
  return outcome
}`

export function inPage(lib: string): string {
  return `import * as autobee from '${lib}'
${APPEND_AND_REOPEN}
globalThis.outcome = appendAndReopen(autobee, 'in-page')`
}

/** The same in the private file system. `worker` is where a bundler was told to put its script; else it is found. */
export function inPageOnOpfs(lib: string, { worker }: { worker?: string } = {}): string {
  const options = worker ? `{ worker: () => new Worker('${worker}', { type: 'module' }) }` : '{}'
  return `import * as autobee from '${lib}'
import { opfs } from '${lib}/storage/opfs'
${APPEND_AND_REOPEN}
globalThis.outcome = appendAndReopen(autobee, opfs('in-page', ${options}))`
}

export function inWorker(lib: string): string {
  return `import * as autobee from '${lib}'
${APPEND_AND_REOPEN}
appendAndReopen(autobee, 'in-worker').then(
  outcome => postMessage({ outcome }),
  error => postMessage({ error: error.stack })
)`
}

export function startsWorker(worker: string): string {
  return `globalThis.outcome = new Promise((resolve, reject) => {
  const worker = new Worker('${worker}', { type: 'module' })
  worker.onmessage = ({ data }) => data.error ? reject(new Error(data.error)) : resolve(data.outcome)
  worker.onerror = event => reject(new Error(event.message || 'the worker failed'))
})`
}
