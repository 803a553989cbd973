/** Chooses what encrypts SRTCP once, at start. */
import { GCM_TAG_BYTES } from "../../wire/srtp/sizes.ts";
import type { SrtpKeys } from "../dtls.ts";
import { openLibcrypto } from "../libcrypto.ts";
import { Srtcp } from "../srtcp.ts";
import type { CreateGcm } from "./aead-gcm.ts";
import { NodeGcm } from "./gcm.ts";
import { LibcryptoGcm } from "./libcrypto-gcm.ts";

/** libcrypto where it is there and does as node:crypto does, else node:crypto. */
export function selectSrtcp(choice: "auto" | "portable"): (keys: SrtpKeys) => Srtcp {
  const create = (choice === "auto" ? libcryptoGcm() : undefined) ?? nodeGcm;
  return (keys) => new Srtcp(keys, create);
}

const nodeGcm: CreateGcm = (key) => new NodeGcm(key);

function libcryptoGcm(): CreateGcm | undefined {
  const library = openLibcrypto();
  if (library === undefined) return undefined;
  const create: CreateGcm = (key, direction) => new LibcryptoGcm(library, key, direction);
  return passesKnownAnswer(create) ? create : undefined;
}

/** What it seals must be what node:crypto seals, and open again; with a bit changed it must not. */
function passesKnownAnswer(create: CreateGcm): boolean {
  const key = Buffer.from("000102030405060708090a0b0c0d0e0f", "hex");
  const text = Buffer.from("a report that is longer than two blocks of sixteen bytes");
  const [reference, sealing, opening] = [
    nodeGcm(key, "seal"),
    create(key, "seal"),
    create(key, "open"),
  ];
  const bytes = [0, 1].map(() => Buffer.concat([text, Buffer.alloc(GCM_TAG_BYTES)]));
  const [expected = text, sealed = text] = bytes;
  for (const gcm of [reference, sealing, opening]) {
    gcm.iv.fill(7);
    gcm.aad.fill(9);
  }
  reference.seal(expected, 0, text.length);
  sealing.seal(sealed, 0, text.length);
  const seals = sealed.equals(expected);
  const opens =
    opening.open(sealed, 0, text.length) && sealed.subarray(0, text.length).equals(text);
  expected.writeUInt8(expected.readUInt8(3) ^ 1, 3);
  const refuses = !opening.open(expected, 0, text.length);
  sealing.close();
  opening.close();
  return seals && opens && refuses;
}
