// Only types are imported here: this is most of what the worker loads.
import type { LogFile, LogFiles } from '../log/file.ts'

/** As much of a `FileSystemSyncAccessHandle` as is used; TypeScript's types of a page have none, only workers do. */
interface SyncAccessHandle {
  getSize(): number
  read(bytes: Uint8Array, options: { at: number }): number
  write(bytes: Uint8Array, options: { at: number }): number
  truncate(size: number): void
  flush(): void
  close(): void
}

type WithHandles = FileSystemFileHandle & { createSyncAccessHandle(): Promise<SyncAccessHandle> }

/** Are there access handles in this thread? Only in dedicated workers. */
export function hasHandles(): boolean {
  return (
    typeof FileSystemFileHandle === 'function' && 'createSyncAccessHandle' in FileSystemFileHandle.prototype
  )
}

/** Where stores are in the private file system of this site. */
export const FOLDER = 'autobee'

/** No name is a path, or means another folder. */
export function folderOf(name: string): string {
  return `${encodeURIComponent(name)}.store`
}

/** The two files of a store, each with a handle that nobody else can have. Rejects, as its files do, with DOMExceptions. */
export async function openHandles(name: string): Promise<LogFiles> {
  const handles: SyncAccessHandle[] = []
  const close = async () => {
    for (const handle of handles.splice(0)) handle.close()
  }
  try {
    const root = await navigator.storage.getDirectory()
    const stores = await root.getDirectoryHandle(FOLDER, { create: true })
    const folder = await stores.getDirectoryHandle(folderOf(name), { create: true })
    for (const file of ['log-0', 'log-1']) {
      const handle = (await folder.getFileHandle(file, { create: true })) as WithHandles
      handles.push(await handle.createSyncAccessHandle())
    }
  } catch (error) {
    await close()
    throw error
  }
  const [first, second] = handles as [SyncAccessHandle, SyncAccessHandle]
  return { name, slots: [handleFile(first), handleFile(second)], close }
}

function handleFile(handle: SyncAccessHandle): LogFile {
  return {
    size: async () => handle.getSize(),
    async read(at, length) {
      const bytes = new Uint8Array(length)
      const read = handle.read(bytes, { at })
      if (read !== length) throw new Error(`${read} of ${length} bytes could be read`)
      return bytes
    },
    async write(at, bytes) {
      for (let written = 0; written < bytes.length; ) {
        const more = handle.write(bytes.subarray(written), { at: at + written })
        // browsers do not agree on whether a file that cannot grow throws
        if (more === 0) throw new DOMException('nothing could be written', 'QuotaExceededError')
        written += more
      }
    },
    sync: async () => handle.flush(),
    truncate: async size => handle.truncate(size)
  }
}
