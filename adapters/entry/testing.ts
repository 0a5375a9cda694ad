/** What `import 'autobee/testing'` gives. */
export type * from '../storage/key-value.ts'
export * from '../testing/index.ts'
export type * from '../transport/contract.ts'
