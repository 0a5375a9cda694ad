export {
  type ApplyFault,
  type ApplyReport,
  type CheckApplyOptions,
  checkApply,
  type ReplayDifference,
  type ReplayKind,
  type ReplayPosition,
  type ReplayRun
} from './check-apply.ts'
export type { StorageFaults } from './storage/faults.ts'
export { type StorageSuiteOptions, storageSuite } from './storage-suite.ts'
export type { Counted, LoneEnd, TransportFaults, TransportPair } from './transport/trial.ts'
export { type TransportSuiteOptions, transportSuite } from './transport-suite.ts'
export type { StoragePlace } from './trial.ts'
