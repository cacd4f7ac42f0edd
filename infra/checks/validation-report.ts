// Reads the validation reports of synthesised apps, so that their warnings count as errors.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';

const reportSchema = v.object({
  pluginReports: v.array(
    v.object({
      violations: v.array(
        v.object({
          ruleName: v.string(),
          description: v.string(),
          severity: v.optional(v.string()),
          violatingConstructs: v.optional(v.array(v.object({ constructPath: v.optional(v.string()) }))),
        }),
      ),
    }),
  ),
});

/**
 * Every finding in the report of one assembly, a line each; none when it is clean.
 *
 * @throws when there is no report, or it is not one: then nothing was checked
 */
export async function findingsIn(assemblyDirectory: string): Promise<string[]> {
  const text = await readFile(join(assemblyDirectory, 'validation-report.json'), 'utf8');
  return v.parse(reportSchema, JSON.parse(text)).pluginReports.flatMap(({ violations }) =>
    violations.map(({ ruleName, description, severity, violatingConstructs }) => {
      const where = (violatingConstructs ?? []).map(({ constructPath }) => constructPath ?? '?').join(', ');
      return `${severity ?? 'finding'} ${ruleName} at ${where}: ${description}`;
    }),
  );
}
