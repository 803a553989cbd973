import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createRegistry } from "../../../src/metrics/registry.ts";
import { CertificateWatch } from "../../../src/server/certificate-watch.ts";

let folder = "";
let file = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "certificate-watch-"));
  file = join(folder, "fullchain.pem");
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A certificate that ends after so many days, made by OpenSSL. */
function certificate(days: number): void {
  const made = Bun.spawnSync(
    [
      ...["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
      ...["-nodes", "-subj", "/CN=media.example.org", "-days", String(days)],
      ...["-keyout", join(folder, "key.pem"), "-out", file],
    ],
    { stderr: "pipe" },
  );
  if (!made.success) throw new Error(made.stderr.toString());
}

function watch() {
  const registry = createRegistry("test");
  const warnings: unknown[] = [];
  let failures = 0;
  const certificates = new CertificateWatch({
    file,
    registry,
    intervalMs: 3_600_000,
    task: (work) =>
      work().catch((error: unknown) => {
        failures += 1;
        throw error;
      }),
    logger: { warn: (message, fields) => warnings.push({ message, ...fields }) },
  });
  const days = async () => {
    const line = /not_after_timestamp_seconds\{core="test"\} (\S+)/.exec(await registry.metrics());
    return line === null ? undefined : (Number(line[1]) * 1000 - Date.now()) / 86_400_000;
  };
  return { certificates, days, warnings, failures: () => failures };
}

test("the end of the certificate is in the metrics, and follows the file", async () => {
  certificate(30);
  const { certificates, days } = watch();
  await certificates.start();
  expect(await days()).toBeCloseTo(30, 1);
  certificate(90);
  await certificates.look();
  expect(await days()).toBeCloseTo(90, 1);
  certificates.close();
});

test("without a readable certificate there is no series, a warning and a failed run", async () => {
  const { certificates, days, failures, warnings } = watch();
  await certificates.look();
  writeFileSync(file, "no certificate");
  await certificates.look();
  expect(await days()).toBeUndefined();
  expect(failures()).toBe(2);
  expect(warnings).toEqual([
    expect.objectContaining({ message: "certificate cannot be read", file }),
    expect.objectContaining({ message: "certificate cannot be read", file }),
  ]);
});

test("a certificate that can no longer be read keeps its known end", async () => {
  certificate(30);
  const { certificates, days } = watch();
  await certificates.look();
  rmSync(file);
  await certificates.look();
  expect(await days()).toBeCloseTo(30, 1);
});
