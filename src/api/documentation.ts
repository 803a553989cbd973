/** Turns a short description of a route into the operation of the OpenAPI document. */
import { type TSchema, Type } from "@sinclair/typebox";
import type { DocumentDecoration } from "elysia";
import { PROBLEM_TYPE, PROBLEMS, type ProblemKind, ProblemSchema } from "./problem.ts";
import { problemExample } from "./problem-examples.ts";

export type Tag = "WHEP" | "WebRTC" | "Process" | "Storage" | "Events" | "Server";

export interface Answer {
  readonly description: string;
  readonly type?: string;
  /** A text unless given. */
  readonly schema?: TSchema;
  readonly example?: unknown;
  /** Name to description. */
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Parameter {
  readonly name: string;
  readonly in: "path" | "query" | "header";
  readonly description: string;
  readonly required?: boolean;
  readonly example?: string;
  /** A string of any content unless given. */
  readonly schema?: TSchema;
}

export interface Operation {
  readonly tag: Tag;
  readonly summary: string;
  readonly description: string;
  readonly parameters?: readonly Parameter[];
  readonly body?: {
    readonly type: string;
    readonly schema: TSchema;
    readonly example: unknown;
    /** It may be left out. */
    readonly optional?: boolean;
  };
  readonly answers: Readonly<Record<number, Answer>>;
  readonly problems?: readonly ProblemKind[];
  /** Who may call it: without it everybody; "stream": it depends on the stream; "admin": administrators. */
  readonly access?: "stream" | "admin";
}

const HEADERS_OF_STATUS: Readonly<Record<number, Readonly<Record<string, string>>>> = {
  401: { "WWW-Authenticate": "Bearer" },
  405: { Allow: "The methods of this route." },
  409: { "Retry-After": "Seconds after which to try again." },
  429: { "Retry-After": "Seconds after which to try again." },
  503: { "Retry-After": "Seconds after which to try again." },
};

/** The empty requirement of OpenAPI 3.1 §4.8.10 makes the token optional. */
const SECURITY = { admin: [{ bearer: [] }], stream: [{ bearer: [] }, {}] };

export const STREAM_ID: Parameter = {
  name: "id",
  in: "path",
  description: "The id of the stream, which is that of its process, percent-encoded.",
  required: true,
  example: "test",
};

export const METADATA_KEY: Parameter = {
  name: "key",
  in: "path",
  description: "The name of the value.",
  required: true,
  example: "ui",
};

/** What a route for administrators may answer whatever is asked. */
export const GUARDED: readonly ProblemKind[] = ["unauthorized", "forbidden"];

/** An optional parameter behind the question mark. */
export const query = (name: string, description: string, schema?: TSchema): Parameter => ({
  name,
  in: "query",
  description,
  ...(schema !== undefined && { schema }),
});

export function operation(route: Operation): DocumentDecoration {
  return {
    tags: [route.tag],
    summary: route.summary,
    description: route.description,
    parameters: (route.parameters ?? []).map((parameter) => ({
      ...parameter,
      required: parameter.required ?? false,
      schema: parameter.schema ?? { type: "string" as const },
    })),
    ...(route.body !== undefined && {
      requestBody: {
        required: route.body.optional !== true,
        content: {
          [route.body.type]: {
            schema: route.body.schema,
            example: route.body.example,
          },
        },
      },
    }),
    responses: { ...answersOf(route), ...problemsOf(route.problems ?? []) },
    security: route.access === undefined ? [] : SECURITY[route.access],
  };
}

function answersOf(route: Operation) {
  return Object.fromEntries(
    Object.entries(route.answers).map(([status, answer]) => [
      status,
      {
        description: answer.description,
        headers: headerObjects(answer.headers ?? {}),
        ...(answer.type !== undefined && {
          content: {
            [answer.type]: {
              schema: answer.schema ?? Type.String(),
              ...(answer.example !== undefined && { example: answer.example }),
            },
          },
        }),
      },
    ]),
  );
}

/** Kinds of the same status become examples of one response. */
function problemsOf(kinds: readonly ProblemKind[]) {
  const statuses = [...new Set(kinds.map((kind) => PROBLEMS[kind].status))];
  return Object.fromEntries(
    statuses.map((status) => {
      const same = kinds.filter((kind) => PROBLEMS[kind].status === status);
      const response = {
        description: same.map((kind) => PROBLEMS[kind].title).join(" · "),
        headers: headerObjects(HEADERS_OF_STATUS[status] ?? {}),
        content: {
          [PROBLEM_TYPE]: {
            schema: ProblemSchema as TSchema,
            examples: Object.fromEntries(
              same.map((kind) => [kind, { value: problemExample(kind) }]),
            ),
          },
        },
      };
      return [status, response];
    }),
  );
}

function headerObjects(headers: Readonly<Record<string, string>>) {
  return Object.fromEntries(
    Object.entries(headers).map(([name, description]) => [
      name,
      { description, schema: { type: "string" as const } },
    ]),
  );
}
