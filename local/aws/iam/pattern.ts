// Patterns of the policy language: wildcards, policy variables, and ARNs, which are matched part by part.
import { findConditionKey } from './condition-keys.ts';
import type { Context, Matcher } from './policy.ts';
import { unsupported } from './policy-error.ts';

type Token =
  | { readonly kind: 'literal'; readonly text: string }
  | { readonly kind: '*' | '?' }
  | { readonly kind: 'variable'; readonly key: string };

/** How a pattern is read. */
interface PatternOptions {
  /** `?` and `*` stand for any character and any number of them. */
  readonly wildcards: boolean;
  /** `${key}` stands for the request's value: in version 2012-10-17 only. */
  readonly variables: boolean;
  readonly ignoreCase?: boolean;
}

/** A matcher of the whole value. @throws PolicyError for a variable that cannot be filled in */
export function compilePattern(text: string, options: PatternOptions): Matcher {
  const tokens = tokenise(text, options);
  return matcher(tokens, options.ignoreCase === true, (kind) => (kind === '*' ? '.*' : '.'));
}

/** In `Resource`, a last `*` reaches beyond its part; in conditions each part is matched on its own. */
type ArnUse = 'resource' | 'condition';

/**
 * A matcher of ARNs. Wildcards stand for what is in one of the first five parts, or for anything in the sixth
 * (IAM user guide, "IAM JSON policy elements: Resource" and "Amazon Resource Name (ARN) condition operators").
 */
export function compileArnPattern(text: string, use: ArnUse, variables: boolean): Matcher {
  const tokens = tokenise(text, { wildcards: true, variables });
  const parts: number[] = [];
  let part = 0;
  for (const token of tokens) {
    parts.push(part);
    if (token.kind === 'literal') part += token.text.split(':').length - 1;
  }
  return matcher(tokens, false, (kind, index) => {
    const inLastPart = (parts[index] ?? 0) >= ARN_PARTS - 1;
    const reachesOn = use === 'resource' && index === tokens.length - 1;
    const any = inLastPart || reachesOn ? '.' : '[^:]';
    return kind === '*' ? `${any}*` : any;
  });
}

/** `arn:partition:service:region:account:resource`. */
export const ARN_PARTS = 6;

function matcher(
  tokens: readonly Token[],
  ignoreCase: boolean,
  wildcard: (kind: '*' | '?', index: number) => string,
): Matcher {
  const compile = (context: Context | undefined): RegExp | undefined => {
    let source = '';
    for (const [index, token] of tokens.entries()) {
      if (token.kind === 'literal') source += escaped(token.text);
      else if (token.kind !== 'variable') source += wildcard(token.kind, index);
      else {
        const value = context?.get(token.key)?.[0];
        if (value === undefined) return undefined;
        source += escaped(value);
      }
    }
    return new RegExp(`^${source}$`, ignoreCase ? 'is' : 's');
  };
  if (tokens.some(({ kind }) => kind === 'variable')) {
    return (value, context) => compile(context)?.test(value) ?? false;
  }
  const [only, ...others] = tokens;
  if (only?.kind === 'literal' && others.length === 0) {
    // Most actions are named in full: no expression has to be made for them.
    const fold = (text: string): string => (ignoreCase ? text.toLowerCase() : text);
    const wanted = fold(only.text);
    return (value) => fold(value) === wanted;
  }
  let expression: RegExp | undefined;
  return (value) => {
    expression ??= compile(undefined);
    return expression?.test(value) ?? false;
  };
}

function tokenise(text: string, { wildcards, variables }: PatternOptions): Token[] {
  const tokens: Token[] = [];
  const special = variables ? /\$\{([^}]*)\}|[*?]/g : /[*?]/g;
  let end = 0;
  const literal = (value: string): void => {
    if (value !== '') tokens.push({ kind: 'literal', text: value });
  };
  for (const found of text.matchAll(special)) {
    literal(text.slice(end, found.index));
    end = found.index + found[0].length;
    const [whole, name] = found;
    if (name === undefined) {
      if (wildcards) tokens.push({ kind: whole === '*' ? '*' : '?' });
      else literal(whole);
    } else if (name === '*' || name === '?' || name === '$') {
      literal(name);
    } else {
      tokens.push({ kind: 'variable', key: variableKey(name) });
    }
  }
  literal(text.slice(end));
  return tokens;
}

function variableKey(name: string): string {
  const key = findConditionKey(name);
  if (key === undefined || key.multivalued === true) throw unsupported(`the policy variable \${${name}}`);
  return name.toLowerCase();
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
