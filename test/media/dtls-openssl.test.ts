/** Our DTLS server against OpenSSL's client: another implementation, a real socket, real timers. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  createDtlsIdentity,
  type DtlsIdentity,
  DtlsSession,
  type SrtpKeys,
} from "../../src/transport/dtls.ts";

const openssl = Bun.which("openssl");
if (openssl === null) throw new Error("openssl is missing: apt install openssl");

let directory: string;
let identity: DtlsIdentity;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "dragonfork-openssl-"));
  identity = await createDtlsIdentity();
});

afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** A certificate as a player would make one; returns its files' common path and its SHA-256 fingerprint. */
async function createClientCertificate(name: string, keyArguments: string[]) {
  const path = join(directory, name);
  const files = ["-keyout", `${path}.key`, "-out", `${path}.crt`];
  await Bun.$`${openssl} req -x509 -nodes -subj /CN=player -days 2 ${keyArguments} ${files}`.quiet();
  const text = await Bun.$`${openssl} x509 -in ${path}.crt -noout -fingerprint -sha256`.text();
  return { path, fingerprint: text.trim().split("=")[1] ?? "" };
}

interface Run {
  keys: SrtpKeys | undefined;
  failure: string | undefined;
  closed: boolean;
  output: string;
}

/** One s_client run; it quits with close_notify once it is connected. */
async function runClient(options: { fingerprint: string; arguments: string[] }): Promise<Run> {
  const run: Run = { keys: undefined, failure: undefined, closed: false, output: "" };
  let session: DtlsSession | undefined;
  let client: { stdin: { write(text: string): unknown; flush(): unknown } } | undefined;
  const socket = await Bun.udpSocket({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      data: (_, datagram, port, address) => {
        session ??= new DtlsSession({
          identity,
          remoteFingerprints: [{ algorithm: "sha-256", value: options.fingerprint }],
          send: (out) => socket.send(out, port, address),
          onConnected: (keys) => {
            run.keys = keys;
            client?.stdin.write("Q\n");
            client?.stdin.flush();
          },
          onFailed: (reason, detail) => {
            run.failure = `${reason}: ${detail}`;
          },
          onClosed: () => {
            run.closed = true;
          },
        });
        session.receive(datagram);
      },
    },
  });
  const child = Bun.spawn(
    [
      openssl ?? "openssl",
      "s_client",
      "-dtls1_2",
      "-connect",
      `127.0.0.1:${socket.port}`,
      "-keymatexport",
      "EXTRACTOR-dtls_srtp",
      "-keymatexportlen",
      "60",
      ...options.arguments,
    ],
    { stdin: "pipe", stdout: "pipe", stderr: "pipe", timeout: 10_000 },
  );
  client = child;
  const [output, errors] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  run.output = output + errors;
  session?.close();
  socket.close();
  return run;
}

/** What s_client printed as keying material, cut as RFC 5764 §4.2 says, seen from the server. */
function keysOf(output: string, profile: SrtpKeys["profile"]): SrtpKeys {
  const hex = /Keying material: ([0-9A-F]+)/.exec(output)?.[1] ?? "";
  const material = Buffer.from(hex, "hex");
  const saltBytes = profile === "AEAD_AES_128_GCM" ? 12 : 14;
  return {
    profile,
    remoteKey: material.subarray(0, 16),
    localKey: material.subarray(16, 32),
    remoteSalt: material.subarray(32, 32 + saltBytes),
    localSalt: material.subarray(32 + saltBytes, 32 + 2 * saltBytes),
  };
}

const P256 = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"];
const P384 = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:secp384r1"];
const RSA = ["-newkey", "rsa:2048"];
const GCM = ["-use_srtp", "SRTP_AEAD_AES_128_GCM:SRTP_AES128_CM_SHA1_80"];
const CM = ["-use_srtp", "SRTP_AES128_CM_SHA1_80"];

describe("OpenSSL as a player", () => {
  test.each([
    ["p256", P256, GCM, "AEAD_AES_128_GCM", []],
    ["p256-cm", P256, CM, "AES128_CM_HMAC_SHA1_80", []],
    ["p256-curve", P256, GCM, "AEAD_AES_128_GCM", ["-curves", "P-256"]],
    ["p384-sha384", P384, GCM, "AEAD_AES_128_GCM", ["-client_sigalgs", "ECDSA+SHA384"]],
    ["p256-sha512", P256, GCM, "AEAD_AES_128_GCM", ["-client_sigalgs", "ECDSA+SHA512"]],
    ["rsa", RSA, CM, "AES128_CM_HMAC_SHA1_80", []],
    ["rsa-fragments", RSA, GCM, "AEAD_AES_128_GCM", ["-mtu", "256"]],
  ] as const)(
    "connects (%s), agrees on the keys and says goodbye",
    async (name, key, srtp, profile, more) => {
      const { path, fingerprint } = await createClientCertificate(name, [...key]);
      const files = ["-cert", `${path}.crt`, "-key", `${path}.key`];
      const run = await runClient({ fingerprint, arguments: [...files, ...srtp, ...more] });
      expect(run.failure).toBeUndefined();
      expect(run.keys).toEqual(keysOf(run.output, profile));
      expect(run.output).toContain("Extended master secret: yes");
      expect(run.closed).toBe(true);
    },
    60_000,
  );

  test("is refused without a certificate", async () => {
    const run = await runClient({ fingerprint: "00", arguments: [...GCM] });
    expect(run.failure).toBe("dtls_failed: the client sent no certificate");
    expect(run.keys).toBeUndefined();
  }, 60_000);

  test("is refused with a certificate that the offer did not name", async () => {
    const { path } = await createClientCertificate("unnamed", P256);
    const run = await runClient({
      fingerprint: identity.fingerprint,
      arguments: ["-cert", `${path}.crt`, "-key", `${path}.key`, ...GCM],
    });
    expect(run.failure).toStartWith("fingerprint_mismatch");
    expect(run.output).toContain("bad certificate");
    expect(run.keys).toBeUndefined();
  }, 60_000);
});
