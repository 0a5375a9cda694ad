/** What `import 'autobee/publish'` gives. */
export * from '../../src/publish/index.ts'
export { publish as default } from '../../src/publish/index.ts'
