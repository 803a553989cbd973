/** SRTCP of one session (RFC 3711 §3.4, RFC 7714 §9): werift's cipher behind a replay window. */
import { SrtcpSession } from "werift";
import { ReplayWindow } from "../wire/srtp/replay-window.ts";
import type { SrtpKeys } from "./dtls.ts";

/** Bytes behind the SRTCP index: the authentication tag in AES-CM, nothing in AEAD, where the tag is inside. */
const TRAILER_BYTES = { AEAD_AES_128_GCM: 0, AES128_CM_HMAC_SHA1_80: 10 } as const;
const PROFILE_IDS = { AEAD_AES_128_GCM: 7, AES128_CM_HMAC_SHA1_80: 1 } as const;
/** Header with SSRC, index and tag: nothing shorter is SRTCP. */
const PACKET_BYTES_MIN = 8 + 4 + 10;

export class Srtcp {
  private readonly session: SrtcpSession;
  private readonly trailerBytes: number;
  /** By sender SSRC: a browser uses one per m-line. */
  private readonly windows = new Map<number, ReplayWindow>();

  constructor(keys: SrtpKeys) {
    this.trailerBytes = TRAILER_BYTES[keys.profile];
    this.session = new SrtcpSession({
      keys: {
        localMasterKey: keys.localKey,
        localMasterSalt: keys.localSalt,
        remoteMasterKey: keys.remoteKey,
        remoteMasterSalt: keys.remoteSalt,
      },
      profile: PROFILE_IDS[keys.profile],
    });
  }

  protect(packet: Buffer): Buffer {
    return this.session.encrypt(packet);
  }

  /** The plain RTCP, or undefined where the packet is not authentic or was seen before. */
  unprotect(packet: Buffer): Buffer | undefined {
    if (packet.length < PACKET_BYTES_MIN) return undefined;
    const index = packet.readUInt32BE(packet.length - this.trailerBytes - 4) & 0x7fffffff;
    const ssrc = packet.readUInt32BE(4);
    let plain: Buffer;
    try {
      plain = this.session.decrypt(packet);
    } catch {
      return undefined;
    }
    return this.window(ssrc).accept(index) ? plain : undefined;
  }

  private window(ssrc: number): ReplayWindow {
    let window = this.windows.get(ssrc);
    if (window === undefined) {
      // Only authentic packets come this far, so the map holds what one player made up: bounded all the same.
      if (this.windows.size >= WINDOWS_MAX) this.windows.clear();
      window = new ReplayWindow();
      this.windows.set(ssrc, window);
    }
    return window;
  }
}

const WINDOWS_MAX = 16;
