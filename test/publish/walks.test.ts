import b4a from 'b4a'
import type Hypercore from 'hypercore'
import { expect, test } from 'vitest'
import type { Published } from '../../src/publish/index.ts'
import { MARK } from '../../src/publish/mark.ts'
import { op } from '../support/peers.ts'
import { contents, harness, random, storedOf, until } from './harness.ts'

const h = harness()

/** What may happen to a published core between two openings. */
const HARM = [
  'none',
  'no mark',
  'older mark',
  'truncated',
  'foreign blocks',
  'cleared',
  'another map'
] as const

for (const seed of [1, 2, 3, 4, 5, 204]) {
  test(`whatever happened to it: the next opening publishes what the view has, and then nothing (seed ${seed})`, async () => {
    const rng = random(seed)
    const pick = (n: number) => Math.floor(rng() * n)
    const db = await h.open()
    const marks: (Uint8Array | null)[] = [null]
    let mapVersion = 0
    for (let round = 0; round < 12; round++) {
      const put = Object.fromEntries(
        Array.from({ length: pick(60) }, () => [`k${pick(80)}`, `${round % 5}.${pick(3)}`])
      )
      await db.append(op({ put, del: Array.from({ length: pick(20) }, () => `k${pick(80)}`) }))
      const limits = { blocks: 15 + pick(60), bytes: 2 ** 20 }
      const published = h.publish(db, { limits, mapVersion })
      await published.ready()
      if (rng() < 0.3) await grown(published)
      else await published.updated()
      await published.close()

      const core = db.store.get({ name: `autobee/${db.id}/published/view` })
      await core.ready()
      const harm = HARM[pick(HARM.length)]
      if (harm === 'another map') mapVersion++
      else await harmed(core, { harm, mark: marks[pick(marks.length)] ?? null, at: pick(core.length) })
      if (rng() < 0.5) marks.push(await core.getUserData(MARK))
      await core.close()

      const again = await h.published(db, { limits, mapVersion })
      expect(await storedOf(again), `round ${round}, ${harm}`).toEqual(await contents(db))
      const { length } = again.core as Hypercore
      await again.close()
      const idle = await h.published(db, { mapVersion })
      expect(idle.core?.length, `round ${round}, ${harm}`).toBe(length)
      await idle.close()
    }
  })
}

/** Something of a step is written, or nothing is to be. */
async function grown(published: Published): Promise<void> {
  const core = published.core as Hypercore
  const { length } = core
  let isDone = false
  const done = published.updated().then(() => {
    isDone = true
  })
  await until(() => core.length > length || isDone)
  const closing = published.close()
  await Promise.allSettled([done, closing])
}

async function harmed(
  core: Hypercore,
  { harm, mark, at }: { harm: string | undefined; mark: Uint8Array | null; at: number }
): Promise<void> {
  if (harm === 'no mark') await core.setUserData(MARK, null)
  if (harm === 'older mark') await core.setUserData(MARK, mark)
  if (harm === 'truncated') await core.truncate(at)
  if (harm === 'foreign blocks') await core.append([b4a.from('no'), b4a.from('tree')])
  if (harm === 'cleared') await core.clear(at, at + 5)
}
