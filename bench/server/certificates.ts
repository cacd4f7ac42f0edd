// A certificate authority of the benchmark's own, and a server certificate like S3's: RSA with 2048 bits.
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generate } from 'selfsigned';
import type { Certificate } from '../../local/aws/embedded-aws.ts';

/** What a server presents, and what its clients need in order to believe it. */
interface TlsSetup {
  readonly certificate: Certificate;
  /** The authority's certificate as a PEM file, for `NODE_EXTRA_CA_CERTS`, `AWS_CA_BUNDLE` and their like. */
  readonly authorityFile: string;
}

/** Makes both for a server on 127.0.0.1. The file is in the system's temporary directory. */
export async function makeCertificates(): Promise<TlsSetup> {
  const authority = await generate([{ name: 'commonName', value: 'Benchmark authority' }], {
    keySize: 2048,
    algorithm: 'sha256',
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
    ],
  });
  const server = await generate([{ name: 'commonName', value: 'localhost' }], {
    keySize: 2048,
    algorithm: 'sha256',
    ca: { key: authority.private, cert: authority.cert },
    extensions: [
      {
        name: 'subjectAltName',
        altNames: [
          { type: 2, value: 'localhost' },
          { type: 7, ip: '127.0.0.1' },
        ],
      },
      { name: 'extKeyUsage', serverAuth: true },
    ],
  });
  const authorityFile = join(await mkdtemp(join(tmpdir(), 'bench-authority-')), 'authority.pem');
  await writeFile(authorityFile, authority.cert);
  return { certificate: { key: server.private, cert: server.cert }, authorityFile };
}
