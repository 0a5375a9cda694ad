import { randomUUID } from 'node:crypto'
import { link, mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import DeviceFile from 'device-file'

const MARKER = 'CORESTORE'

/** A marker that is being made, or was when its process was killed. */
export function isUnfinished(name: string): boolean {
  return name.startsWith(`${MARKER}.`)
}

/**
 * Makes the marker file of a new store, by which a copied one is told from the original. Corestore makes it in several steps:
 * of two processes that open a new folder at once, one empties what the other has written, and from then on the store passes
 * for a copy. Here it is whole before it has its name.
 */
export async function makeMarker(path: string): Promise<void> {
  await mkdir(path, { recursive: true })
  if (!(await readdir(path)).every(isUnfinished)) return
  const unfinished = join(path, `${MARKER}.${randomUUID()}`)
  const marker = new DeviceFile(unfinished, { lock: false })
  try {
    await marker.ready()
    await link(unfinished, join(path, MARKER))
  } catch (error) {
    // another process was first; or there are no links here, and Corestore makes it
    const { code } = error as NodeJS.ErrnoException
    if (!['EEXIST', 'EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'].includes(code ?? '')) throw error
  } finally {
    await marker.close()
    await rm(unfinished, { force: true })
  }
}
