import b4a from 'b4a'
import type { ApplyNode, Host, HyperbeeView } from '../index.ts'
import { MAX_OPERATIONS, type Operations } from './operations.ts'

/** Why a unit whose values are good does nothing: the same on every peer. */
export type Refusal = 'REMOVES_ITSELF' | 'TOO_MANY_OPERATIONS'

export interface ApplyContext {
  readonly view: HyperbeeView
  readonly host: Host
  onrefused(node: ApplyNode<Operations>, reason: Refusal): void
}

/**
 * Merges one unit. The last one in the agreed order wins a key. Every writer may add and remove writers, but nobody
 * itself: so whoever wrote a unit is a writer after it, and a database never ends up without one.
 */
export async function applyOperations(
  nodes: readonly ApplyNode<Operations>[],
  { view, host, onrefused }: ApplyContext
): Promise<void> {
  let count = 0
  for (const node of nodes) {
    count += node.value.count
    if (count > MAX_OPERATIONS) return onrefused(node, 'TOO_MANY_OPERATIONS')
    if (node.value.removed.some(key => b4a.equals(key, node.key))) return onrefused(node, 'REMOVES_ITSELF')
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
