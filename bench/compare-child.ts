/**
 * One of those who are compared, in a process of its own, as its users run it: the packages that several of them share are
 * compiled for what this one does with them, and nobody's background work slows down another.
 */
import { allCases } from './cases/all.ts'
import { removeDatasets } from './datasets.ts'
import { countStores } from './measure.ts'
import { autobase } from './peers/autobase.ts'
import { autobee } from './peers/autobee.ts'
import type { Answer, Order } from './workers.ts'

const [name = '', quick = ''] = process.argv.slice(2)
// whoever is none of them is what a case sets beside them
const kinds = [autobee, autobase].filter(kind => kind.name === name)
const cases = allCases({ quick: quick === 'quick' })
countStores()

async function answer({ caseName }: Order): Promise<Answer> {
  try {
    const one = cases.find(({ name }) => name === caseName)
    const took = (await one?.round(kinds))?.get(name)
    return took ? { took } : { error: `${name} has no part in ${caseName}` }
  } catch (error) {
    console.error(error)
    return { error: (error as Error).message }
  }
}

process.on('message', async (order: Order) => {
  process.send?.(await answer(order))
})
process.on('disconnect', async () => {
  await removeDatasets()
  process.exit()
})
