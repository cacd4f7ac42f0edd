// What doctor found, as plain data: the answer to "will it work?".
import type { AllowStatement } from '../../functions/sync-artifacts/result/advice.ts';
import { awsMessage } from '../aws-clients.ts';

/** Everything that doctor says; `--json` prints it. */
export interface Diagnosis {
  /** Changes when a reader of version 1 could misread it. */
  readonly version: 1;
  /** No finding is an error. */
  readonly ok: boolean;
  /** The action, where a pipeline was given. */
  readonly action?: { readonly pipeline: string; readonly stage: string; readonly name: string };
  /** The function, unless it is not there or may not be looked at. */
  readonly function?: DiagnosedFunction;
  /** Input artifacts of an earlier execution that the role was tried on. */
  readonly sources: readonly { readonly artifact: string; readonly bucket: string; readonly key: string }[];
  readonly destinations: readonly DiagnosedDestination[];
  readonly findings: readonly DoctorFinding[];
}

/** The function as it is configured. */
interface DiagnosedFunction {
  readonly arn: string;
  readonly roleArn: string;
  readonly runtime: string;
  readonly memoryMiB: number;
  readonly timeoutSeconds: number;
  /** SHA-256 of the deployed code in base64, by which versions are told apart. */
  readonly codeSha256: string;
}

/** A destination as the function's role and the caller saw it. */
export interface DiagnosedDestination {
  readonly bucket: string;
  readonly region?: string;
  readonly kmsKey?: string;
  /** Could the role begin an upload for every artifact? */
  readonly writable: boolean;
  /** Absent where the caller may not ask. */
  readonly versioning?: 'Enabled' | 'Suspended' | 'never enabled';
  readonly objectLock?: boolean;
}

/** One thing that is wrong. */
export interface DoctorFinding {
  /** `error`: jobs will fail, or it could not be seen that they will not. `warning`: they work, with less than they could have. */
  readonly severity: 'error' | 'warning';
  /** What it is about, such as `bucket web-shop-eu`. */
  readonly where: string;
  readonly what: string;
  readonly why?: string;
  readonly remedy?: Remedy;
}

/** What mends a finding. */
export interface Remedy {
  /** Where a statement belongs. */
  readonly place?: string;
  /** To be pasted there. */
  readonly statement?: AllowStatement;
  /** To be run. */
  readonly command?: string;
}

/** That something could not be looked at, and the permission that it takes. */
export function notChecked(where: string, what: string, error: unknown, permission: string): DoctorFinding {
  return {
    severity: 'warning',
    where,
    what: `Not checked: ${what} (${awsMessage(error)}).`,
    remedy: { command: `Allow yourself ${permission}.` },
  };
}
