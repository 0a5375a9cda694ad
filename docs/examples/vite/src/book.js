import { b4a, typed } from 'autobee'

export const openView = bee => typed(bee, { keyEncoding: 'utf-8', valueEncoding: 'json' })

/** Everybody signs once for each line of theirs. Strangers are let in, as writers who cannot rewrite what is settled. */
export async function apply(nodes, view, host) {
  for (const { key, value, optimistic } of nodes) {
    if (typeof value?.sign !== 'string' || value.sign.length > 60) continue
    if (optimistic) {
      host.ackWriter(key)
      host.addWriter(key, { isIndexer: false })
    }
    const name = value.sign.trim()
    if (!name) continue
    const batch = view.write()
    batch.tryPut(`${b4a.toString(key, 'hex')}/${name}`, { name })
    await batch.flush()
  }
}
