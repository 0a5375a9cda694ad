import b4a from 'b4a'
import { BOOT_KEY, encodeBoot, readBoot } from '../system/boot.ts'
import { START } from '../system/undo-points.ts'
import { closeCore } from './core-internals.ts'
import type { DatabaseCores } from './cores.ts'

/**
 * Gives up this store's version of the own oplog after a conflict, so that the version that the other peers hold can
 * come back from them as any writer's does: their entries link to it. Everything is ordered and applied anew. The boot
 * record goes first: a process killed in between finds an empty order and the frozen mark, and can do it again.
 * Returns its key, null when there was nothing to give up.
 * @param options.key of the database
 */
export async function giveUpOplog(
  cores: DatabaseCores,
  options: { key: Uint8Array }
): Promise<Uint8Array | null> {
  const system = await cores.system(options.key)
  try {
    const boot = await readBoot(system)
    if (!boot?.localFrozen) return null
    const nothing = { oplogLength: 0, viewHead: 0, systemHead: 0, position: 0, indexed: 0, recent: [] }
    const reset = encodeBoot({ ...boot, ...nothing, orderHash: b4a.alloc(32), undoPoints: [START] })
    await system.setUserData(BOOT_KEY, reset)
    const oplog = cores.writer(boot.local, { active: false })
    await oplog.ready()
    // the same fork: what others hold is still a version of it
    await oplog.truncate(0, { fork: oplog.fork })
    await closeCore(oplog)
    return boot.local
  } finally {
    await system.close()
  }
}
