// The order of dependence: of resources in a stack, and of stacks; a circle is refused with its path.
import { TemplateError } from '../deployment-error.ts';

/** Names such that each comes after all that it depends on, else as they are given. @throws TemplateError for a circle */
export function inOrder(
  names: Iterable<string>,
  dependenciesOf: (name: string) => Iterable<string>,
  what: string,
): string[] {
  const done = new Set<string>();
  const visit = (name: string, path: readonly string[]): void => {
    if (done.has(name)) return;
    if (path.includes(name)) {
      const circle = [...path.slice(path.indexOf(name)), name];
      throw new TemplateError(`Circular dependency between ${what}: ${circle.join(' -> ')}`);
    }
    for (const dependency of dependenciesOf(name)) visit(dependency, [...path, name]);
    done.add(name);
  };
  for (const name of names) visit(name, []);
  return [...done];
}
