// Fails when the validation report of any of the given assemblies holds a finding, warnings included.
import { findingsIn } from './validation-report.ts';

const directories = process.argv.slice(2);
const findings = (await Promise.all(directories.map(findingsIn))).flat();
for (const finding of findings) console.error(finding);
if (findings.length > 0) process.exitCode = 1;
else console.log(`No findings in ${directories.join(' and ')}`);
