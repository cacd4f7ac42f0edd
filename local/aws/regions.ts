// What a region is called.

/** The regions of AWS's partitions, by the form of their names, as the SDKs know them. */
const REGION = /^((us|eu|ap|sa|ca|me|af|il|mx)-\w+|cn-\w+|us-gov-\w+|eusc-de-\w+)-\d+$/;

/** Is it the name of a region? */
export function isRegion(name: string): boolean {
  return REGION.test(name);
}
