import { ControlClient, NotAccepted } from './control/client.ts'
import type { Hello } from './control/protocol.ts'
import { type KeySource, keyOf } from './encryption.ts'
import type { Folder } from './folder.ts'
import { hold } from './hold.ts'
import type { OperationName, RowOf } from './operations/index.ts'
import type { OpenPeer } from './peer.ts'

export interface Request<N extends OperationName> {
  readonly op: N
  readonly params: object
  readonly input?: AsyncIterable<unknown>
}

export interface PerformOptions {
  readonly folder: Folder
  readonly encryption: KeySource
  readonly signal: AbortSignal
  /** Told who does it, when that is another process. */
  onhello?(hello: Hello): void
}

/**
 * Runs one operation: in the process that has the store open and lets others in, or else here.
 * @throws UserError, AutobeeError, Stopped
 */
export async function* perform<N extends OperationName>(
  request: Request<N>,
  options: PerformOptions
): AsyncGenerator<RowOf<N>> {
  const { folder, signal } = options
  await folder.existingConfig()
  for (;;) {
    const holder = await hold(folder, { signal, options: () => openOptions(options) })
    try {
      yield* run(request, { holder, options })
      return
    } catch (error) {
      // it was just ending
      if (!(error instanceof NotAccepted)) throw error
    } finally {
      await holder.close()
    }
  }
}

/** What the database of a folder is opened by. @throws UserError */
export async function openOptions({ folder, encryption }: Pick<PerformOptions, 'folder' | 'encryption'>) {
  const { key, encrypted } = await folder.existingConfig()
  return { key, encryptionKey: encrypted ? await keyOf(folder, encryption) : null }
}

async function* run<N extends OperationName>(
  request: Request<N>,
  { holder, options }: { holder: ControlClient | OpenPeer; options: PerformOptions }
): AsyncGenerator<RowOf<N>> {
  const { signal, folder, onhello } = options
  const input = request.input ?? null
  if (holder instanceof ControlClient) {
    onhello?.(holder.hello)
    yield* holder.run(request, { input, signal }) as AsyncGenerator<RowOf<N>>
    return
  }
  const { runDirectly } = await import('./direct.ts')
  yield* runDirectly(holder, { request, folder, signal, input }) as AsyncGenerator<RowOf<N>>
}
