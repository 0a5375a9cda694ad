import { type Autobee, AutobeeError } from '../../src/index.ts'
import { joinOp, publicKeyOf } from '../board/invitation.ts'
import { readBoard, readInvite, readStanding } from '../board/model.ts'
import type { Op } from '../board/ops.ts'
import type { Teller } from './notices.ts'
import { OWN_NAME } from './set-up.ts'

/** With nothing that came for so long, ms, it says so. */
const SILENCE = 10_000

/** Gets a peer into somebody else's board: by the link's invitation, or by asking. Looks again whenever something came. */
export class Joining {
  readonly #db: Autobee
  readonly #seed: Uint8Array | null
  readonly #teller: Teller
  readonly #told = new Set<string>()
  #run: Promise<void> | null = null
  #again = false
  #isOver = false
  #timer: NodeJS.Timeout | undefined

  constructor(db: Autobee, { seed, teller }: { seed: Uint8Array | null; teller: Teller }) {
    this.#db = db
    this.#seed = seed
    this.#teller = teller
  }

  start(): void {
    this.#db.on('update', () => this.#look())
    this.#look()
    this.#timer = setTimeout(() => void this.#hint(), SILENCE)
  }

  /** Resolves when nothing is under way. */
  async close(): Promise<void> {
    this.#isOver = true
    clearTimeout(this.#timer)
    await this.#run
  }

  #look(): void {
    this.#again = true
    this.#run ??= this.#looking().finally(() => {
      this.#run = null
    })
  }

  async #looking(): Promise<void> {
    while (this.#again && !this.#isOver) {
      this.#again = false
      try {
        await this.#step()
      } catch (error) {
        if (AutobeeError.is(error, 'CLOSED')) return
        this.#once(`This peer could not ask to be let in: ${(error as Error).message}`)
      }
    }
  }

  async #step(): Promise<void> {
    const { view, local } = this.#db
    const { standing } = await readStanding(view, local.id)
    if (standing === 'member') return this.#tell('This peer is a member of the board.')
    if (standing === 'refused') return this.#once('A member turned this peer down; it reads along.')
    if (standing === 'expelled')
      return this.#once('A member removed this peer from the board; it reads along.')
    // nothing has come yet
    if (standing !== 'unknown' || !(await readBoard(view))) return
    const op = await this.#request()
    if (!op) return
    try {
      await this.#db.append(op, { optimistic: true })
      if (op.op === 'ask')
        this.#tell('This peer has asked to be let in. It reads along until a member says yes in the page.')
    } catch (error) {
      if (!AutobeeError.is(error, 'NOT_WRITABLE')) throw error
      this.#once('The board takes in nobody else now: too many have asked, or are in. This peer reads along.')
    }
  }

  async #hint(): Promise<void> {
    if (this.#isOver || (await readBoard(this.#db.view))) return
    this.#once(
      'Nothing has come yet: no other peer of that board is there now, or the link is wrong. It comes as soon as one is.'
    )
  }

  async #request(): Promise<Op | null> {
    const seed = this.#seed
    if (!seed) return { op: 'ask', name: OWN_NAME }
    const invite = await readInvite(this.#db.view, publicKeyOf(seed))
    if (invite && !invite.closed)
      return joinOp(seed, { key: this.#db.key as Uint8Array, writer: this.#db.local.key, name: OWN_NAME })
    this.#once(
      'The invitation of that link is not good any more: this peer reads along. Ask a member for another link.'
    )
    return null
  }

  #tell(line: string): void {
    if (this.#isNew(line)) this.#teller.line(line)
  }

  #once(problem: string): void {
    if (this.#isNew(problem)) this.#teller.problem(problem)
  }

  #isNew(text: string): boolean {
    if (this.#told.has(text)) return false
    this.#told.add(text)
    return true
  }
}
