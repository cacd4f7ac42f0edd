// Sends thousands of requests of one operation that differ in a few fields: what the SDK works out for the first holds for all of them.
import type { S3Client, ServiceInputTypes, ServiceOutputTypes } from '@aws-sdk/client-s3';
import { HttpRequest } from '@smithy/core/protocols';
import type {
  Command,
  FinalizeHandlerArguments,
  HttpHandlerOptions,
  InitializeHandler,
  MiddlewareStack,
} from '@smithy/types';

/** Where a request carries the fields that differ. */
interface VariablePlaces<Input> {
  /** Field of the input, and its header. */
  readonly headers: Readonly<Record<string, keyof Input>>;
  /** The same for parameters of the query. */
  readonly query: Readonly<Record<string, keyof Input>>;
}

/** A command of S3. */
export type S3Command<Input extends ServiceInputTypes, Output extends ServiceOutputTypes> = Command<
  ServiceInputTypes,
  Input,
  ServiceOutputTypes,
  Output,
  S3Client['config']
>;

type Send<Input, Output> = (input: Input, options: HttpHandlerOptions) => Promise<Output>;

/**
 * A way to send an operation whose inputs have the same values but for the fields in `places`, all of which must have one. The first
 * request goes through the whole SDK; those after it begin where it was complete but for its signature: endpoint, path and headers are
 * the same. Each is signed, retried and parsed as any other. `npm run bench:profile` shows what is left.
 */
export function repeatedRequest<Input extends ServiceInputTypes, Output extends ServiceOutputTypes>(
  client: S3Client,
  commandOf: (input: Input) => S3Command<Input, Output>,
  places: VariablePlaces<Input>,
): Send<Input, Output> {
  // By time limit, of which nearly all parts of a copy have the same.
  const handlers = new Map<number | undefined, InitializeHandler<Input, Output>>();
  return async (input, options) => {
    const known = handlers.get(options.requestTimeout);
    const handler = known ?? resolve(client, commandOf(input), options, places);
    if (known === undefined) handlers.set(options.requestTimeout, handler);
    return (await handler({ input })).output;
  };
}

/** The SDK's handler of the command, as its own `cacheMiddleware` would keep it, with a shortcut. */
function resolve<Input extends ServiceInputTypes, Output extends ServiceOutputTypes>(
  { middlewareStack, config }: S3Client,
  command: S3Command<Input, Output>,
  options: HttpHandlerOptions,
  places: VariablePlaces<Input>,
): InitializeHandler<Input, Output> {
  const stack = middlewareStack.clone() as MiddlewareStack<ServiceInputTypes, ServiceOutputTypes>;
  let template: HttpRequest | undefined;
  let sendComplete: ((args: FinalizeHandlerArguments<ServiceInputTypes>) => Promise<never>) | undefined;
  stack.add(
    (next) => {
      sendComplete = next as typeof sendComplete & {};
      return async (args) => {
        if (HttpRequest.isInstance(args.request)) template = HttpRequest.clone(args.request);
        return await next(args);
      };
    },
    { step: 'build', priority: 'low', name: 'keepTemplateMiddleware' },
  );
  stack.add(
    (next, context) => async (args) => {
      // Credentials that run out are asked for each time: those of the role hold as long as its process.
      if (template === undefined || sendComplete === undefined || areTemporary(context))
        return await next(args);
      return await sendComplete({ ...args, request: filledIn(template, args.input as Input, places) });
    },
    { step: 'initialize', priority: 'high', name: 'useTemplateMiddleware' },
  );
  return command.resolveMiddleware(stack, config, options) as InitializeHandler<Input, Output>;
}

function areTemporary(context: object): boolean {
  const { __smithy_context: smithy } = context as {
    __smithy_context?: { selectedHttpAuthScheme?: { identity?: { expiration?: Date } } };
  };
  return smithy?.selectedHttpAuthScheme?.identity?.expiration !== undefined;
}

function filledIn<Input>(template: HttpRequest, input: Input, places: VariablePlaces<Input>): HttpRequest {
  const headers = { ...template.headers };
  for (const [name, field] of Object.entries(places.headers)) headers[name] = String(input[field]);
  const query = { ...template.query };
  for (const [name, field] of Object.entries(places.query)) query[name] = String(input[field]);
  return new HttpRequest({ ...template, headers, query });
}
