import { controlPath } from './control/path.ts'
import { PROTOCOL } from './control/protocol.ts'
import { ControlServer } from './control/server.ts'
import type { Folder } from './folder.ts'
import { type OperationName, runOperation } from './operations/index.ts'
import type { Peer } from './operations/operation.ts'
import { VERSION } from './version.ts'

export interface DirectOptions {
  readonly folder: Folder
  readonly request: { readonly op: OperationName; readonly params: object }
  readonly signal: AbortSignal
  readonly input: AsyncIterable<unknown> | null
}

/** Runs an operation in this process. */
export async function* runDirectly(
  peer: Peer,
  { folder, request, signal, input }: DirectOptions
): AsyncGenerator<object> {
  // it lasts, and nothing would ever change if it kept the others out
  const server = request.op === 'watch' ? await letIn(peer, { folder, command: 'watch' }) : null
  try {
    yield* runOperation(peer, request, { input: input ?? nothing(), signal })
  } finally {
    await server?.close()
  }
}

/** Lets other commands use a database that this process has open. @throws UserError `CONTROL_FAILED` */
export async function letIn(
  peer: Peer,
  { folder, command }: { folder: Folder; command: string }
): Promise<ControlServer> {
  return ControlServer.listen({
    path: await controlPath(folder),
    hello: { autobee: PROTOCOL, version: VERSION, pid: process.pid, command },
    handle: (request, context) => runOperation(peer, request, context)
  })
}

async function* nothing(): AsyncGenerator<never> {}
