import { FOLDER, folderOf } from '../../../adapters/storage/opfs/handles.ts'
import { type OpfsOptions, opfs } from '../../../adapters/storage/opfs.ts'
import type { StoragePlace } from '../../../adapters/testing/index.ts'

export interface OpfsPlace extends StoragePlace {
  readonly name: string
}

export function opfsPlace(options: OpfsOptions = {}): OpfsPlace {
  const name = `test/${crypto.randomUUID()}`
  return { name, adapter: opfs(name, options), destroy: () => removeStore(name) }
}

async function folder(): Promise<FileSystemDirectoryHandle> {
  return (await navigator.storage.getDirectory()).getDirectoryHandle(FOLDER, { create: true })
}

export async function removeStore(name: string): Promise<void> {
  const stores = await folder()
  await stores.removeEntry(folderOf(name), { recursive: true }).catch(error => {
    if (error.name !== 'NotFoundError') throw error
  })
}

/** A file of a store that is closed. */
export async function fileOf(name: string, slot: 0 | 1): Promise<FileSystemFileHandle> {
  const store = await (await folder()).getDirectoryHandle(folderOf(name))
  return store.getFileHandle(`log-${slot}`)
}

export async function bytesOf(name: string, slot: 0 | 1): Promise<Uint8Array> {
  const file = await (await fileOf(name, slot)).getFile()
  return new Uint8Array(await file.arrayBuffer())
}

/** Flips a bit at this place of a store that is closed. */
export async function flip(name: string, slot: 0 | 1, at: number): Promise<void> {
  const bytes = await bytesOf(name, slot)
  const writable = await (await fileOf(name, slot)).createWritable({ keepExistingData: true })
  await writable.write({ type: 'write', position: at, data: Uint8Array.of((bytes[at] as number) ^ 1) })
  await writable.close()
}
