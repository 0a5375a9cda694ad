import { expect, test } from 'vitest'
import { type Counters, noCounters } from './peer.ts'
import { REGRESSIONS } from './regressions.ts'
import { Steps } from './steps.ts'
import { checkAttempts, checkConvergence, checkFlush, checkRestarts } from './verdict.ts'
import { type Runtime, World } from './world.ts'

/** What `npm test` runs; FUZZ_SEEDS sets another number, FUZZ_FROM where they begin, FUZZ_SEED runs that one only,
 * FUZZ_REPEAT times: what the network does first still varies. */
const SEEDS = 200
/** Seeds in one test, and at the same time: one peer's store is written while another peer applies. */
const BLOCK = 20
const AT_ONCE = 3
/** From so many seeds on, a run has to have met everything that it counts. */
const ENOUGH = 50

/** The variables of the command; in a page, those that its project hands on. */
const env = import.meta.env

/** Registers the tests of one of several files, which run beside each other. */
export function defineFuzz(runtime: Runtime, { part, parts }: { part: number; parts: number }): void {
  if (env.FUZZ_SEED) {
    if (part === 0)
      test(`seed ${env.FUZZ_SEED}`, () => {
        const times = Number(env.FUZZ_REPEAT ?? 1)
        return runSeeds(runtime, Array(times).fill(Number(env.FUZZ_SEED)), noCounters())
      })
    return
  }
  const counters = noCounters()
  const from = Number(env.FUZZ_FROM ?? 1)
  const all = Array.from({ length: Number(env.FUZZ_SEEDS ?? SEEDS) }, (_, i) => from + i)
  const seeds = all.filter((_, i) => i % parts === part)
  const known = REGRESSIONS.filter((_, i) => i % parts === part)
  for (const { seed, what } of known) {
    test(`seed ${seed}: ${what}`, () => runSeeds(runtime, [seed], counters))
  }
  for (let i = 0; i < seeds.length; i += BLOCK) {
    const block = seeds.slice(i, i + BLOCK)
    test(`seeds ${block[0]} to ${block[block.length - 1]} converge`, () => runSeeds(runtime, block, counters))
  }
  if (seeds.length >= ENOUGH) {
    test('the run has met everything it is to meet', () => {
      console.log(`${seeds.length} seeds: ${JSON.stringify(counters)}`)
      for (const [name, times] of Object.entries(counters)) expect(times, name).toBeGreaterThan(0)
    })
  }
}

async function runSeeds(runtime: Runtime, seeds: readonly number[], counters: Counters): Promise<void> {
  const waiting = [...seeds]
  const failures: Error[] = []
  const work = async () => {
    for (let seed = waiting.shift(); seed !== undefined; seed = waiting.shift()) {
      await runSeed(runtime, { seed, counters }).catch(error => failures.push(error))
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
  if (failures.length > 0) throw new Error(failures.map(error => error.message).join('\n\n'))
}

async function runSeed(runtime: Runtime, o: { seed: number; counters: Counters }): Promise<void> {
  const world = new World({ runtime, ...o })
  try {
    await play(world)
    if (world.problems.length > 0) throw new Error('something went wrong')
  } catch (error) {
    const story = env.FUZZ_SEED ? world.story : world.story.slice(-12)
    const problems = world.problems.length > 0 ? `\n${world.problems.join('\n')}` : ''
    throw new Error(
      `FUZZ_SEED=${o.seed} npx vitest run test/simulation\n${(error as Error).stack}${problems}\nstory:\n  ${story.join('\n  ')}`
    )
  } finally {
    await world.destroy()
  }
}

async function play(world: World): Promise<void> {
  const { random, peers } = world
  const steps = new Steps(world)
  // fewer more often: each peer costs as much as all the steps of a small world
  for (let count = 3 + Math.floor(random.float() ** 2 * 6); count > 0; count--) await world.addPeer()
  await steps.found()
  if (random.chance(0.8)) await steps.heal()
  for (let count = random.int(60, 75); count > 0; count--) await steps.step()
  await steps.finish()
  random.restart(world.seed, -1)
  if (random.chance(0.3)) await world.addPeer()

  world.tell('the end: clocks are right, everybody is connected')
  for (const peer of peers) {
    peer.interruptIn = 0
    peer.crashIn = 0
    peer.clock = { offset: 0, rate: 1 }
    if (peer.broken) await world.restart(peer, { store: false, cutFirst: true, relink: false })
  }
  world.time += 10_000_000
  if (random.chance(0.5)) await world.partition([random.shuffle(peers)])
  else for (const a of peers) for (const b of peers) world.link(a, b)
  const units = await checkConvergence(world)
  checkAttempts(units, steps.attempts)
  for (const peer of peers) await checkFlush(world, peer)
  await world.cutAll()
  await checkRestarts(world)
}
