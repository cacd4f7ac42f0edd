// Stands in for the SDK's signers in the bundle: multi-Region access points and directory buckets, which they also serve, hold no artifacts.
import { SignatureV4 } from '@smithy/signature-v4';

/** The signer of S3 clients, under the name of the one whose place it takes (esbuild.config.mjs). */
export class SignatureV4MultiRegion extends SignatureV4 {}

/** The base of the signer for directory buckets. */
export class SignatureV4SignWithCredentials extends SignatureV4 {}
