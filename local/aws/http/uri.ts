// Percent-encoding as AWS does it.
import { AwsError } from '../aws-error.ts';

/** Percent-encodes everything but RFC 3986's unreserved characters. */
export function encodeRfc3986(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** @throws InvalidURI where the percent-encoding is broken. */
export function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (cause) {
    throw new AwsError(400, 'InvalidURI', `Couldn't parse the specified URI: ${String(cause)}`);
  }
}
