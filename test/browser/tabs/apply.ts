import b4a from 'b4a'
import type { ApplyNode, Host, HyperbeeView } from '../../../src/index.ts'

export interface Value {
  readonly id: string
  readonly addWriter?: string
}

/** The nth value of a view is under its id; `count` is how many units there were. */
export async function apply(nodes: ApplyNode[], view: HyperbeeView, host: Host): Promise<void> {
  const batch = view.write()
  const last = await view.get(b4a.from('count'))
  let count = last ? Number(b4a.toString(last.value as Uint8Array)) : 0
  for (const node of nodes) {
    const { id, addWriter } = node.value as unknown as Value
    if (addWriter) host.addWriter(addWriter)
    if (id === 'refused') throw new Error('refused')
    batch.tryPut(b4a.from(`id/${id}`), b4a.from(String(count)))
    count++
  }
  batch.tryPut(b4a.from('count'), b4a.from(String(count)))
  await batch.flush()
}
