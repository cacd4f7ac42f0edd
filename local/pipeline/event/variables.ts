// Resolves pipeline variables in UserParameters, as CodePipeline does before it invokes the function.

/** CodePipeline user guide, variables: `#{namespace.name}`. */
const VARIABLE = /#\{([\w@-]+\.[\w@.-]+)\}/g;

/** Stands in for the execution id that only a real pipeline has. */
const ASSUMED_VALUES: Readonly<Record<string, string>> = {
  'codepipeline.PipelineExecutionId': '4f1b6c2e-0d3a-4c57-9b8e-2a6d1f7e5c90',
};

/** Puts values where variables stand; notes which of them are assumed. */
export function resolveVariables(
  parameters: string,
  values: ReadonlyMap<string, string>,
  assumptions: string[],
): string {
  const assumed = new Map<string, string>();
  const resolved = parameters.replaceAll(VARIABLE, (_, name: string) => {
    const given = values.get(name);
    if (given !== undefined) return given;
    const value = ASSUMED_VALUES[name] ?? name.replaceAll('.', '-');
    assumed.set(name, value);
    return value;
  });
  for (const [name, value] of assumed) {
    assumptions.push(
      `CodePipeline would have resolved #{${name}}: assumed ${value}. Set it with --variable ${name}=VALUE.`,
    );
  }
  return resolved;
}
