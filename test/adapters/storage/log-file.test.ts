import { expect, test } from 'vitest'
import { storageSuite } from '../../../adapters/testing/index.ts'
import { damage, folderPlace } from './random-access-places.ts'

storageSuite({
  test,
  create: () => folderPlace(),
  seeds: [1, 2, 3],
  steps: 150,
  faults: {
    async damage({ dir }) {
      // a part of the value of 2,000 bytes that the case wrote
      expect(await damage(dir, new Uint8Array(1000).fill(1))).toBe(1)
    }
  }
})
