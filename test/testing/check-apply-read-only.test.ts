import Corestore from 'corestore'
import { expect, test } from 'vitest'
import { checkApply } from '../../adapters/testing/index.ts'
import { Autobee } from '../../src/index.ts'
import { contents, harness, op } from '../core/harness.ts'
import { apply } from '../support/peers.ts'

const h = harness()

test('a store that is opened read-only is checked, and stays as it is', async () => {
  const { store, dir } = await h.store()
  const a = await h.peer(null, { store })
  for (let i = 0; i < 5; i++) await a.append(op({ put: { [`k${i}`]: i } }))
  const { key } = a
  await a.close()
  await store.close()
  const locked = new Corestore(dir, { readOnly: true })
  const copy = new Autobee(locked, key, { apply })
  await copy.ready()
  try {
    const before = [copy.views(), await contents(copy)]
    expect(await checkApply(copy, { apply })).toMatchObject({ ok: true, units: 5, keys: 5 })
    expect([copy.views(), await contents(copy)]).toEqual(before)
  } finally {
    await copy.close()
    await locked.close()
  }
})
