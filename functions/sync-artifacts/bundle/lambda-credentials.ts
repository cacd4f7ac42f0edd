// Stands in for the SDK's chain of credential providers in the bundle: Lambda hands credentials over in environment variables only.
import { fromEnv } from '@aws-sdk/credential-provider-env';

/** The name and shape of `@aws-sdk/credential-provider-node`, whose place it takes (esbuild.config.mjs). */
export const defaultProvider = fromEnv;
