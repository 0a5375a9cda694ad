import type { ApplyNode, Host, HyperbeeView } from '../../src/index.ts'

/** What the databases of these tests append; every value there is has its own `id`. */
export interface Value {
  readonly id: string
  readonly fill?: string
  readonly addWriter?: string
}

/**
 * The same in pages and in Node. Its view tells the whole order: `order/…` has the ids in their places, `times/…` how often
 * each was applied. Every unit reads what those before it wrote, so one that is lost, doubled or misplaced shows.
 */
export async function apply(nodes: ApplyNode[], view: HyperbeeView, host: Host): Promise<void> {
  const batch = view.write()
  const put = (key: string, value: string) => batch.tryPut(bytes(key), bytes(value))
  const known = new Map<string, number>()
  let count = await numberAt(view, 'count')
  for (const node of nodes) {
    const { id, addWriter } = node.value as unknown as Value
    if (addWriter) host.addWriter(addWriter)
    const times = (known.get(id) ?? (await numberAt(view, `times/${id}`))) + 1
    known.set(id, times)
    put(`times/${id}`, String(times))
    put(place(count++), id)
  }
  put('count', String(count))
  await batch.flush()
}

/** The view of a database that has applied these, in this order. */
export function viewOf(ids: readonly string[]): Record<string, string> {
  if (ids.length === 0) return {}
  const times = (id: string) => String(ids.filter(other => other === id).length)
  return {
    count: String(ids.length),
    ...Object.fromEntries(ids.map((id, i) => [place(i), id])),
    ...Object.fromEntries([...new Set(ids)].map(id => [`times/${id}`, times(id)]))
  }
}

/** The whole view, as text. */
export async function contents(bee: HyperbeeView): Promise<Record<string, string>> {
  const found: Record<string, string> = {}
  for await (const { key, value } of bee.createReadStream())
    found[text(key as Uint8Array)] = text(value as Uint8Array)
  return found
}

function place(position: number): string {
  return `order/${String(position).padStart(8, '0')}`
}

async function numberAt(view: HyperbeeView, key: string): Promise<number> {
  const entry = await view.get(bytes(key))
  return entry === null ? 0 : Number(text(entry.value as Uint8Array))
}

function bytes(value: string): Uint8Array {
  return new TextEncoder().encode(value)
}

function text(value: Uint8Array): string {
  return new TextDecoder().decode(value)
}
