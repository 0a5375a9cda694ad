export type { StorageFaults } from './storage/faults.ts'
export { type StorageSuiteOptions, storageSuite } from './storage-suite.ts'
export type { StoragePlace } from './trial.ts'
