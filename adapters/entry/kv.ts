/** What `import 'autobee/kv'` gives. */
export * from '../../src/kv/index.ts'
export { KeyValue as default } from '../../src/kv/index.ts'
