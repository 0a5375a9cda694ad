/** Types of the board's model alone: the model itself comes with the SDK, after the first paint. */
export type {
  Binned,
  Invite,
  Item,
  List,
  Person,
  Request,
  Row,
  Standing
} from '../../board/model.ts'
export type { Counts, OtherVersion, Version } from '../../board/records.ts'
