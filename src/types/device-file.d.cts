/** Types of the npm package `device-file` 2, as far as Autobee uses it. */
declare module 'device-file' {
  /** A file that knows which device and place it was made in. */
  class DeviceFile {
    constructor(filename: string, options?: { lock?: boolean })
    /** Makes it when there is none, else checks it. */
    ready(): Promise<void>
    close(): Promise<void>
  }
  export = DeviceFile
}
