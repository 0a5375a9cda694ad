import type { ApplyNode, Host, HyperbeeView } from '../../src/index.ts'
import { Draft } from './draft.ts'
import { addItem, editItem, moveItem, removeItem, restore, settle } from './items.ts'
import { idOfKey } from './key-text.ts'
import { BOARD } from './keys.ts'
import { putList, removeList } from './lists.ts'
import type { Op } from './ops.ts'
import { parseOp } from './parse.ts'
import { admit, ask, expel, greetFounder, invite, join, refuse, rename, uninvite } from './people.ts'
import { purge } from './purge.ts'
import type { BoardRecord } from './records.ts'
import type { Step } from './step.ts'

/**
 * `apply` of a board, for `valueEncoding: 'json'`. What is no op, or makes no sense where it comes, does nothing. Of those
 * who are no members one `ask` or `join` counts, alone in its unit.
 */
export async function apply(
  nodes: readonly ApplyNode<unknown>[],
  view: HyperbeeView,
  host: Host
): Promise<void> {
  const draft = new Draft(view)
  for (const node of nodes) {
    const op = parseOp(node.value)
    if (!op) continue
    const step = stepOf(node, { draft, host })
    if (!node.optimistic) await take(op, step)
    else if (nodes.length === 1) await consider(op, step)
  }
  await draft.flush()
}

/** A member's. */
async function take(op: Op, step: Step): Promise<void> {
  await greetFounder(step)
  switch (op.op) {
    case 'board':
      return step.draft.put<BoardRecord>(BOARD, { name: op.name, ...step.stamp })
    case 'list':
      return putList(op, step)
    case 'unlist':
      return removeList(op, step)
    case 'item':
      return addItem(op, step)
    case 'edit':
      return editItem(op, step)
    case 'settle':
      return settle(op, step)
    case 'move':
      return moveItem(op, step)
    case 'remove':
      return removeItem(op, step)
    case 'restore':
      return restore(op, step)
    case 'purge':
      return purge(op, step)
    case 'me':
      return rename(op, step)
    case 'invite':
      return invite(op, step)
    case 'uninvite':
      return uninvite(op, step)
    case 'admit':
      return admit(op, step)
    case 'refuse':
      return refuse(op, step)
    case 'expel':
      return expel(op, step)
    case 'ask':
    case 'join':
      // he is in already
      return
  }
}

/** Of somebody who may be no member: what is not acknowledged leaves no trace. */
async function consider(op: Op, step: Step): Promise<void> {
  if (op.op === 'ask') await ask(op, step)
  if (op.op === 'join') await join(op, step)
}

function stepOf(
  { key, length, timestamp }: ApplyNode<unknown>,
  { draft, host }: { draft: Draft; host: Host }
): Step {
  const by = idOfKey(key)
  return { draft, host, writer: key, stamp: { by, at: timestamp }, id: `${by}-${length}` }
}
