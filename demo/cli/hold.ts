import { setTimeout as sleep } from 'node:timers/promises'
import { UserError } from '../common/user-error.ts'
import { ControlClient } from './control/client.ts'
import { controlPath } from './control/path.ts'
import type { Folder } from './folder.ts'
import { Stopped } from './life.ts'
import type { OpenOptions, OpenPeer } from './peer.ts'

/** How long a command waits for another one that has the store open and lets nobody in, ms. */
const PATIENCE = 10_000
/** How long until it looks again, ms. */
const PAUSE = 40

export interface HoldOptions {
  readonly signal: AbortSignal
  /** What the database is opened by, when it is opened here. */
  options(): Promise<OpenOptions>
}

/**
 * Finds the one who has the store open, or opens it: again and again for a while, since either may change meanwhile.
 * @throws UserError `STORE_LOCKED`, Stopped, and what opening throws
 */
export async function hold(
  folder: Folder,
  { signal, options }: HoldOptions
): Promise<ControlClient | OpenPeer> {
  const deadline = performance.now() + PATIENCE
  for (;;) {
    if (signal.aborted) throw new Stopped()
    const client = await ControlClient.connect(await controlPath(folder))
    if (client) return client
    try {
      const given = await options()
      // only now: a command beside a running peer does without all of the database
      const { openPeer } = await import('./peer.ts')
      return await openPeer(folder, given)
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'STORE_LOCKED') throw error
      if (performance.now() > deadline) throw busy(folder)
    }
    await sleep(PAUSE)
  }
}

/** As {@link hold}, for what has to be done in this process. @throws UserError `STORE_LOCKED` also when a peer runs */
export async function holdAlone(folder: Folder, options: HoldOptions): Promise<OpenPeer> {
  const holder = await hold(folder, options)
  if (!(holder instanceof ControlClient)) return holder
  const { pid, command } = holder.hello
  holder.close()
  throw new UserError(
    `\`autobee ${command}\` (process ${pid}) runs on ${folder.name} already. Use commands beside it, stop it first, or choose another folder with --data.`,
    { code: 'STORE_LOCKED', details: { pid } }
  )
}

function busy({ name }: Folder): UserError {
  return new UserError(
    `Another command is using ${name}, and is not done yet. Run this one again when it is, or keep \`autobee serve\` running: beside it, commands run at the same time.`,
    { code: 'STORE_LOCKED' }
  )
}
