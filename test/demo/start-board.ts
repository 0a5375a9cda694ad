import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach } from 'vitest'
import { openStore } from '../../adapters/storage/file.ts'
import { memory } from '../../adapters/storage/memory.ts'
import { connectRelay, type RelayHandle } from '../../adapters/transport/websocket.ts'
import { apply } from '../../demo/board/apply.ts'
import { type Invitation, joinOp, parseInvitation, publicKeyOf } from '../../demo/board/invitation.ts'
import { readInvite } from '../../demo/board/model.ts'
import type { Op } from '../../demo/board/ops.ts'
import type { Ready } from '../../demo/start/notices.ts'
import { Autobee } from '../../src/index.ts'
import { until } from '../support/peers.ts'
import { Program } from './program.ts'

export interface Started extends Ready {
  readonly program: Program
  readonly invitation: Invitation
}

/** Runs `npm start` as it is built, each time in the same folder of its own, and people who open its links. */
export class StartHarness {
  dir = ''
  readonly #programs: Program[] = []
  readonly #closing: (() => Promise<void>)[] = []

  path(...names: string[]): string {
    return join(this.dir, ...names)
  }

  run(...args: string[]): Program {
    // else it would run in the clone itself
    if (this.dir === '') throw new Error('npm start runs in a test, in its folder')
    const program = new Program('start', args, { cwd: this.dir })
    this.#programs.push(program)
    return program
  }

  /** On any free port, unless `--port` says another; until it has told its link. */
  async start(...args: string[]): Promise<Started> {
    const port = args.includes('--port') ? [] : ['--port', '0']
    const program = this.run('--json', ...port, ...args)
    const [line] = await program.says(/^\{.*\}$/m)
    const ready = JSON.parse(line) as Ready
    return { ...ready, program, invitation: parseInvitation(ready.url) }
  }

  /** A run that is expected to fail at once: its code and its one sentence. */
  async failure(...args: string[]): Promise<{ code: unknown; sentence: string }> {
    const program = this.run(...args)
    const code = await program.exited
    if (program.err.length !== 1 || program.out.length > 0)
      throw new Error(`not one sentence: ${[...program.out, ...program.err].join('\n')}`)
    return { code, sentence: program.err[0] as string }
  }

  /** A peer of the board, connected over the relays of the link; a reader so far. */
  async reader(invitation: Invitation): Promise<Autobee> {
    return (await this.connected(invitation)).db
  }

  /** The same, with its connections. */
  async connected({ key, encryptionKey, relays }: Invitation): Promise<{ db: Autobee; relay: RelayHandle }> {
    const store = await openStore(memory())
    const db = new Autobee(store, key, { valueEncoding: 'json', apply, encryptionKey })
    await db.ready()
    const relay = connectRelay(db, relays, { retry: { first: 20, longest: 100 } })
    this.#closing.push(async () => {
      await relay.close()
      await db.close()
      await store.close()
    })
    return { db, relay }
  }

  /** The same, let in by the link's invitation. */
  async member(invitation: Invitation, name: string): Promise<Autobee> {
    const db = await this.reader(invitation)
    const seed = invitation.seed as Uint8Array
    await until(async () => (await readInvite(db.view, publicKeyOf(seed))) !== null)
    const op = joinOp(seed, { key: invitation.key, writer: db.local.key, name })
    await db.append(op satisfies Op, { optimistic: true })
    await until(() => db.writable)
    return db
  }

  async clean(): Promise<void> {
    await Promise.all(this.#closing.splice(0).map(close => close()))
    await Promise.all(this.#programs.splice(0).map(program => program.kill('SIGKILL')))
    await rm(this.dir, { recursive: true, force: true })
  }
}

export function startHarness(): StartHarness {
  const h = new StartHarness()
  beforeEach(async () => {
    h.dir = await mkdtemp(join(tmpdir(), 'autobee-start-'))
  })
  afterEach(() => h.clean())
  return h
}
