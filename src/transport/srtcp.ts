/** SRTCP of one session (RFC 3711 §3.4, RFC 7714 §9): a cipher behind a replay window. */
import { SrtcpSession } from "werift";
import { ReplayWindow } from "../wire/srtp/replay-window.ts";
import type { SrtpKeys } from "./dtls.ts";
import { type CreateGcm, GcmSrtcp } from "./srtcp/aead-gcm.ts";

/** Bytes behind the SRTCP index: the authentication tag in AES-CM, nothing in AEAD, where the tag is inside. */
const TRAILER_BYTES = { AEAD_AES_128_GCM: 0, AES128_CM_HMAC_SHA1_80: 10 } as const;
const PROFILE_AES_CM = 1;
/** Header with SSRC, index and tag: nothing shorter is SRTCP. */
const PACKET_BYTES_MIN = 8 + 4 + 10;

/** What encrypts. unprotect() may spoil the packet. */
interface SrtcpTransform {
  protect(packet: Buffer): Buffer | undefined;
  unprotect(packet: Buffer): Buffer | undefined;
  close(): void;
}

export class Srtcp {
  private readonly transform: SrtcpTransform;
  private readonly trailerBytes: number;
  /** By sender SSRC: a browser uses one per m-line. */
  private readonly windows = new Map<number, ReplayWindow>();

  constructor(keys: SrtpKeys, createGcm: CreateGcm) {
    this.trailerBytes = TRAILER_BYTES[keys.profile];
    this.transform =
      keys.profile === "AEAD_AES_128_GCM" ? new GcmSrtcp(keys, createGcm) : aesCm(keys);
  }

  /** Undefined after close(). */
  protect(packet: Buffer): Buffer | undefined {
    return this.transform.protect(packet);
  }

  /** The plain RTCP, or undefined where the packet is not authentic or was seen before. The packet is spoilt. */
  unprotect(packet: Buffer): Buffer | undefined {
    if (packet.length < PACKET_BYTES_MIN) return undefined;
    const index = packet.readUInt32BE(packet.length - this.trailerBytes - 4) & 0x7fffffff;
    const ssrc = packet.readUInt32BE(4);
    const plain = this.transform.unprotect(packet);
    return plain !== undefined && this.window(ssrc).accept(index) ? plain : undefined;
  }

  /** Frees the keys. Idempotent. */
  close(): void {
    this.transform.close();
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

/** werift's, for the few players without AEAD. */
function aesCm(keys: SrtpKeys): SrtcpTransform {
  const session = new SrtcpSession({
    keys: {
      localMasterKey: keys.localKey,
      localMasterSalt: keys.localSalt,
      remoteMasterKey: keys.remoteKey,
      remoteMasterSalt: keys.remoteSalt,
    },
    profile: PROFILE_AES_CM,
  });
  return {
    protect: (packet) => session.encrypt(packet),
    unprotect: (packet) => {
      try {
        return session.decrypt(packet);
      } catch {
        // Not authentic, or not even long enough.
        return undefined;
      }
    },
    close: () => undefined,
  };
}
