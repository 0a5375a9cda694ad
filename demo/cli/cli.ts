import type { Readable } from 'node:stream'
import { usage } from '../common/user-error.ts'
import type { Hello } from './control/protocol.ts'
import type { KeySource } from './encryption.ts'
import { DEFAULT, Folder } from './folder.ts'
import type { Life } from './life.ts'
import type { OperationName, RowOf } from './operations/index.ts'
import type { Output } from './output.ts'
import { perform, type Request } from './perform.ts'

/** What every command takes. */
export interface Globals {
  readonly data?: string
  readonly json?: boolean
  readonly encryptionKeyFile?: string
}

/** What a command has to do with. */
export class Cli {
  readonly output: Output
  readonly life: Life
  readonly stdin: Readable & { readonly isTTY?: boolean }
  readonly folder: Folder
  readonly encryption: KeySource

  /** @throws UserError */
  constructor(
    { output, life, stdin }: Pick<Cli, 'output' | 'life' | 'stdin'>,
    { data, encryptionKeyFile }: Globals
  ) {
    const name = data ?? (process.env.AUTOBEE_DATA || DEFAULT)
    if (name === '') throw usage('--data needs a folder, such as --data ./my-data.')
    this.output = output
    this.life = life
    this.stdin = stdin
    this.folder = new Folder(name)
    this.encryption = { file: encryptionKeyFile, text: process.env.AUTOBEE_ENCRYPTION_KEY }
  }

  /** For what only reads: it ends, too, when nobody reads its output. @throws UserError, AutobeeError, Stopped */
  read<N extends OperationName>(
    request: Request<N>,
    onhello?: (hello: Hello) => void
  ): AsyncGenerator<RowOf<N>> {
    const { folder, encryption, life } = this
    return perform(request, { folder, encryption, signal: life.ended, ...(onhello && { onhello }) })
  }

  /** For what writes. @throws UserError, AutobeeError, Stopped */
  write<N extends OperationName>(request: Request<N>): AsyncGenerator<RowOf<N>> {
    const { folder, encryption, life } = this
    return perform(request, { folder, encryption, signal: life.interrupted })
  }
}
