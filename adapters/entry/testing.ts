/** What `import 'autobee/testing'` gives. */
export type * from '../storage/key-value.ts'
export * from '../testing/index.ts'
