// The outputs of a stack, and what it exports.
import type { Deployment, StackPlace } from '../deployment.ts';
import { TemplateError } from '../deployment-error.ts';
import { resolve, type Scope, text } from './intrinsics.ts';
import type { CheckedTemplate } from './template.ts';

/** What a stack gives to others. */
export interface Outputs {
  readonly outputs: ReadonlyMap<string, string>;
  /** Names of exports, with their values. */
  readonly exports: ReadonlyMap<string, string>;
}

/** @throws TemplateError, also for an export whose name another stack of the account and region has taken */
export function outputsOf(
  template: CheckedTemplate,
  scope: Scope,
  { id, account, region }: StackPlace,
  deployment: Deployment,
): Outputs {
  const others = deployment.stacks.filter(
    (stack) => stack.id !== id && stack.account === account && stack.region === region,
  );
  const outputs = new Map<string, string>();
  const exports = new Map<string, string>();
  for (const [name, { Value, Export, Condition }] of Object.entries(template.Outputs)) {
    if (Condition !== undefined && !scope.condition(Condition)) continue;
    const path = `Outputs.${name}`;
    const value = text(resolve(Value, scope, path), path);
    outputs.set(name, value);
    if (Export === undefined) continue;
    const exported = text(resolve(Export.Name, scope, path), path);
    const owner = others.find((stack) => stack.exports.has(exported));
    if (owner !== undefined || exports.has(exported)) {
      throw new TemplateError(
        `Export with name ${exported} is already exported by stack ${owner?.name ?? 'itself'}.`,
        path,
      );
    }
    exports.set(exported, value);
  }
  return { outputs, exports };
}
