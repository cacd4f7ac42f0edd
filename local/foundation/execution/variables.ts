// Output variables: what actions produce, and where the configuration of later ones names it.
import { StepError } from './steps.ts';

/** CodePipeline user guide, variables reference: `#{namespace.name}`. */
const VARIABLE = /#\{([\w@-]+)\.([\w@.-]+)\}/g;

/** Variables by namespace. */
export type Variables = ReadonlyMap<string, Readonly<Record<string, string>>>;

/** The configuration with its variables resolved. @throws StepError for a variable that no action has produced */
export function resolveConfiguration(
  configuration: Readonly<Record<string, string>>,
  variables: Variables,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(configuration).map(([property, value]) => [
      property,
      value.replaceAll(VARIABLE, (whole, namespace: string, name: string) => {
        const resolved = variables.get(namespace)?.[name];
        if (resolved !== undefined) return resolved;
        const known = Object.keys(variables.get(namespace) ?? {});
        throw new StepError(
          'InvalidActionConfiguration',
          `${property} names the variable ${whole}, which no earlier action has produced: ${
            variables.has(namespace)
              ? `${namespace} has ${known.join(', ') || 'no variables'}`
              : `there is no namespace ${namespace}, only ${[...variables.keys()].join(', ')}`
          }.`,
        );
      }),
    ]),
  );
}
