/** How one setting is described: its type, default and environment variable, what is allowed and what it is for. */
import { Type } from "@sinclair/typebox";
import type { ConfigFormat } from "../formats.ts";

/** What each setting says about itself. */
export interface FieldNotes {
  env: string;
  description: string;
  /** The allowed values in words; ends the message about a wrong one. */
  allowed: string;
  /** Never printed. */
  secret?: true;
  /** Has passwords somewhere inside: not quoted where it is wrong as a whole. */
  holdsSecrets?: true;
}

/** Notes and rules of one setting with its default; a format must be one that formats.ts knows. */
interface Rules<Default> extends FieldNotes {
  default: Default;
  format?: ConfigFormat;
  pattern?: string;
  minLength?: number;
  maxLength?: number;
  minimum?: number;
  maximum?: number;
  maxItems?: number;
}

const LIST_MAX = 64;

export const text = (rules: Rules<string>) => Type.String(rules);
export const whole = (rules: Rules<number>) => Type.Integer(rules);
export const flag = (rules: Rules<boolean>) => Type.Boolean(rules);
export const decimal = (rules: Rules<number>) => Type.Number(rules);
export const list = (format: ConfigFormat, rules: Rules<string[]>) =>
  Type.Array(Type.String({ format }), { maxItems: LIST_MAX, ...rules });
export const group = <T extends Parameters<typeof Type.Object>[0]>(properties: T) =>
  Type.Object(properties, { additionalProperties: false });

/** A bearer token as RFC 6750 §2.1 writes it, so that it can stand in a header as it is. */
export const TOKEN_PATTERN = "^(?:[A-Za-z0-9._~+/-]{8,512}=*)?$";
export const TOKEN_ALLOWED = "empty, or 8 to 512 of A-Z a-z 0-9 . _ ~ + / -";
export const PORT_ALLOWED = "a whole number from 0 to 65535 (0 = any free port)";

/** A name, password or secret of which nothing is asked but that it is not endless. */
export const SECRET_LENGTH_MAX = 512;
export const SECRET_ALLOWED = "up to 512 characters";
