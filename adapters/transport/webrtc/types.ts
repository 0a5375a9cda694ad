/** What is needed of WebRTC, so that an implementation for Node can be handed in: the parts of a browser's own classes. */

export interface IceServer {
  /** `stun:host:port`, `turn:host:port`. */
  readonly urls: string | string[]
  readonly username?: string
  readonly credential?: string
}

export interface DataChannelLike {
  binaryType: string
  readonly readyState: string
  readonly bufferedAmount: number
  bufferedAmountLowThreshold: number
  /** A browser's channel takes no memory that is shared, and says so in its types. */
  send(data: Uint8Array & { readonly buffer: ArrayBuffer }): void
  close(): void
  addEventListener(type: 'open' | 'close' | 'error' | 'bufferedamountlow', listener: () => void): void
  addEventListener(type: 'message', listener: (event: { readonly data: unknown }) => void): void
}

export interface Candidate {
  readonly candidate: string
  readonly sdpMid: string | null
  readonly sdpMLineIndex: number | null
}

export interface Description {
  readonly type: 'offer' | 'answer'
  readonly sdp: string
}

export interface PeerConnectionLike {
  readonly connectionState: string
  createDataChannel(
    label: string,
    options: { ordered: boolean; negotiated: boolean; id: number }
  ): DataChannelLike
  createOffer(): Promise<{ readonly sdp?: string }>
  createAnswer(): Promise<{ readonly sdp?: string }>
  setLocalDescription(description: Description): Promise<void>
  setRemoteDescription(description: Description): Promise<void>
  addIceCandidate(candidate: Candidate): Promise<void>
  close(): void
  addEventListener(type: 'connectionstatechange' | 'datachannel', listener: () => void): void
  addEventListener(
    type: 'icecandidate',
    listener: (event: { readonly candidate: Candidate | null }) => void
  ): void
}

/** `RTCPeerConnection`, or another implementation of what is used of it. */
export type PeerConnectionClass = new (configuration: { iceServers: IceServer[] }) => PeerConnectionLike
