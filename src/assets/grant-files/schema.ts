import { z } from "zod";
import { endpoint } from "../../core/endpoint.ts";
import { Id, plain } from "../../core/fields.ts";
import { FileFormat, FilePiece, filePreview, ImportMode } from "../../platform/files/schema.ts";
import { listGrants } from "../grants/schema.ts";

const Nothing = z.object({});

export const exportGrants = endpoint({
  route: "POST /grants/export",
  name: "grant.export",
  title: "Download the permission rules that a filter leaves, as CSV or XLSX",
  input: listGrants.input.omit({ cursor: true, limit: true }).extend({
    format: FileFormat,
    search: plain(z.string().trim().max(200)).optional(),
  }),
  output: Nothing,
});

export const grantTemplate = endpoint({
  route: "GET /grants/import-template",
  name: "grant.import.template",
  title: "Download an empty file for an import of permission rules",
  input: z.object({ format: FileFormat }),
  output: Nothing,
});

export const uploadGrants = endpoint({
  route: "POST /grants/import/pieces",
  name: "grant.import.upload",
  title: "Upload a file of permission rules in pieces of at most 256 KiB; the last three files are kept for a day",
  input: FilePiece,
  output: z.object({ fileId: Id }),
});

export const GRANT_FIELDS = [
  "name",
  "comment",
  "active",
  "users",
  "groups",
  "assets",
  "nodes",
  "accounts",
  "protocols",
  "actions",
  "forwardTo",
  "startsAt",
  "expiresAt",
  "atEnd",
] as const;
const Field = z.enum(GRANT_FIELDS);
export type GrantField = z.output<typeof Field>;

export const previewGrants = endpoint({
  route: "POST /grants/import/preview",
  name: "grant.import.preview",
  title: "Tell how an uploaded file of permission rules is understood",
  input: z.object({ fileId: Id }),
  output: filePreview(Field),
});

export const importGrants = endpoint({
  route: "POST /grants/import",
  name: "grant.import",
  title: "Import an uploaded file of permission rules in the background; each row needs what it needs alone",
  input: z.object({ fileId: Id, mode: ImportMode }),
  output: z.object({ jobId: Id }),
});
