import b4a from 'b4a'
import type { ApplyNode, Host, HyperbeeView } from '../index.ts'
import type { Operation } from './operations.ts'

/**
 * Merges one unit. The last one in the agreed order wins a key. Every writer may add and remove writers, but nobody
 * itself: so whoever wrote a unit is a writer after it, and a database never ends up without one.
 * @param onrefused called when the unit breaks that rule, and does nothing
 */
export async function applyOperations(
  nodes: readonly ApplyNode<readonly Operation[]>[],
  { view, host, onrefused }: { view: HyperbeeView; host: Host; onrefused(node: ApplyNode<unknown>): void }
): Promise<void> {
  for (const node of nodes) {
    if (node.value.some(({ type, key }) => type === 'removeWriter' && b4a.equals(key, node.key))) {
      return onrefused(node)
    }
  }
  const batch = view.write()
  for (const { value: operations } of nodes) {
    for (const operation of operations) {
      if (operation.type === 'put') batch.tryPut(operation.key, operation.value)
      else if (operation.type === 'del') batch.tryDelete(operation.key)
      else if (operation.type === 'removeWriter') host.removeWriter(operation.key)
      else host.addWriter(operation.key, { isIndexer: operation.isIndexer })
    }
  }
  await batch.flush()
}
