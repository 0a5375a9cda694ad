/** A tab in a worker: appends until it is terminated, a few at once, and says what was appended. */
import '../../support/browser-setup.ts'
import { SharedAutobee } from '../../../adapters/tabs.ts'
import { apply } from './apply.ts'

const AT_ONCE = 3

export interface WorkerTask {
  readonly name: string
  readonly prefix: string
}

/** `ready`, then its role whenever it changes. */
export type WorkerNews =
  | { readonly role: string }
  | { readonly id: string; readonly length: number }
  | { readonly error: string }

self.onmessage = async ({ data: { name, prefix } }: MessageEvent<WorkerTask>) => {
  const say = (news: WorkerNews) => self.postMessage(news)
  const db = new SharedAutobee(name, { apply, valueEncoding: 'json', ackInterval: 0 })
  db.on('error', ({ code, reason }) => say({ error: `${code} ${reason}` }))
  db.on('role', role => say({ role }))
  await db.ready()
  let number = 0
  const one = async () => {
    const id = `${prefix}.${number++}`
    const { length } = await db.append({ id })
    say({ id, length })
  }
  for (;;) await Promise.all(Array.from({ length: AT_ONCE }, one))
}

// whatever was posted while the modules waited is lost
self.postMessage({ role: 'ready' } satisfies WorkerNews)
