// The `apply` of the durability tests, for the test process (on src) and its children (on the built package).
import { createHash } from 'node:crypto'
import b4a from 'b4a'

/** What a database of these tests appends: `id` is different for every value there is. */
export function op(value) {
  return b4a.from(JSON.stringify(value))
}

/**
 * Its view tells the whole order: `digest` chains all ids, `id/…` counts how often an id was applied, `by/…` counts per
 * writer. Every value reads what the ones before it wrote, so one that is lost, doubled or misplaced shows.
 */
export async function apply(nodes, view, host) {
  for (const node of nodes) {
    const { id, fill, addWriter, isIndexer } = JSON.parse(b4a.toString(node.value))
    if (addWriter) host.addWriter(addWriter, { isIndexer: isIndexer !== false })
    const writer = b4a.toString(node.key, 'hex')
    const digest = await read(view, 'digest')
    const times = Number((await read(view, `id/${id}`)) || 0)
    const count = Number((await read(view, `by/${writer}`)) || 0)
    const batch = view.write()
    put(
      batch,
      'digest',
      createHash('sha256').update(`${digest}/${writer}/${node.length}/${id}`).digest('hex')
    )
    put(batch, `id/${id}`, String(times + 1))
    put(batch, `by/${writer}`, String(count + 1))
    if (fill) put(batch, `fill/${id}`, 'f'.repeat(fill))
    // deleted again by the writer's next value
    put(batch, `last/${writer}/${count}`, id)
    if (count > 0) batch.tryDelete(b4a.from(`last/${writer}/${count - 1}`))
    await batch.flush()
  }
}

async function read(view, key) {
  const entry = await view.get(b4a.from(key))
  return entry === null ? '' : b4a.toString(entry.value)
}

function put(batch, key, value) {
  batch.tryPut(b4a.from(key), b4a.from(value))
}
