/** What `import 'autobee/tabs'` gives, as types. */
export * from '../tabs.ts'
export { SharedAutobee as default } from '../tabs.ts'
