/** Written by src/db/generate-tables.ts from the migrated database. Do not edit. */

import type { ColumnType } from "kysely";

export type ArrayType<T> = ArrayTypeImpl<T> extends (infer U)[]
  ? U[]
  : ArrayTypeImpl<T>;

export type ArrayTypeImpl<T> = T extends ColumnType<infer S, infer I, infer U>
  ? ColumnType<S[], I[], U[]>
  : T[];

export type Generated<T> = T extends ColumnType<infer S, infer I, infer U>
  ? ColumnType<S, I | undefined, U>
  : ColumnType<T, T | undefined, T>;

export type Int8 = ColumnType<number, bigint | number | string, bigint | number | string>;

export type Json = JsonValue;

export type JsonArray = JsonValue[];

export type JsonObject = {
  [x: string]: JsonValue | undefined;
};

export type JsonPrimitive = boolean | number | string | null;

export type JsonValue = JsonArray | JsonObject | JsonPrimitive;

export type Timestamp = ColumnType<Date, Date | string, Date | string>;

export interface AccessGrant {
  account_names: Generated<string[]>;
  actions: Generated<string[]>;
  active: Generated<boolean>;
  all_accounts: Generated<boolean>;
  all_protocols: Generated<boolean>;
  comment: Generated<string>;
  created_at: Generated<Timestamp>;
  excluded_names: Generated<string[]>;
  expires_at: Timestamp | null;
  id: string;
  name: string;
  org_id: string;
  protocols: Generated<string[]>;
  sort_name: Generated<string>;
  starts_at: Generated<Timestamp>;
  updated_at: Generated<Timestamp>;
  version: Generated<number>;
  virtual_accounts: Generated<string[]>;
}

export interface Account {
  active: Generated<boolean>;
  asset_id: string;
  comment: Generated<string>;
  created_at: Generated<Timestamp>;
  id: string;
  name: string;
  org_id: string;
  secret: Buffer | null;
  secret_changed_at: Timestamp | null;
  secret_kind: string;
  sort_name: Generated<string>;
  updated_at: Generated<Timestamp>;
  username: string;
  version: Generated<number>;
}

export interface Asset {
  active: Generated<boolean>;
  comment: Generated<string>;
  created_at: Generated<Timestamp>;
  host: string;
  id: string;
  name: string;
  org_id: string;
  sort_name: Generated<string>;
  updated_at: Generated<Timestamp>;
  version: Generated<number>;
}

export interface AssetHostKey {
  algorithm: string;
  asset_id: string;
  fingerprint: string;
  host: string;
  org_id: string;
  port: number;
  seen_at: Generated<Timestamp>;
  state: string;
}

export interface AssetNode {
  asset_id: string;
  node_id: string;
  org_id: string;
}

export interface AssetProtocol {
  asset_id: string;
  kind: string;
  org_id: string;
  port: number;
  settings: Generated<Json>;
}

export interface AuditCheckpoint {
  at: Timestamp;
  hash: Buffer;
  key_id: string;
  position: Int8;
  signature: Buffer;
}

export interface AuditEvent {
  action: string;
  actor_id: string | null;
  actor_kind: string;
  actor_name: string;
  address: string | null;
  at: Timestamp;
  fields: Generated<Json>;
  id: string;
  org_id: string | null;
  outcome: string;
  target_id: string | null;
  target_kind: string | null;
  target_name: string | null;
  via: string;
}

export interface AuditSeal {
  event_id: string;
  hash: Buffer;
  position: Int8;
}

export interface AuditUnsealed {
  event_id: string;
}

export interface ConsoleSession {
  address: string | null;
  agent: string | null;
  created_at: Generated<Timestamp>;
  expires_at: Timestamp;
  id: string;
  org_id: string;
  token_hash: Buffer;
  used_at: Generated<Timestamp>;
  user_id: string;
}

export interface Gateway {
  address: string;
  beat_at: Generated<Timestamp>;
  id: string;
  pid: number;
  started_at: Generated<Timestamp>;
}

export interface GatewayTicket {
  body: Json;
  expires_at: Timestamp;
  gateway_id: string;
  kind: string;
  token_hash: Buffer;
}

export interface GrantAsset {
  asset_id: string;
  grant_id: string;
  org_id: string;
}

export interface GrantGroup {
  grant_id: string;
  group_id: string;
  org_id: string;
}

export interface GrantNode {
  grant_id: string;
  node_id: string;
  org_id: string;
}

export interface GrantUser {
  grant_id: string;
  org_id: string;
  user_id: string;
}

export interface GroupMember {
  group_id: string;
  org_id: string;
  user_id: string;
}

export interface Job {
  attempt: Generated<number>;
  beat_at: Timestamp | null;
  cancel_asked_at: Timestamp | null;
  checkpoint: Json | null;
  crashes: Generated<number>;
  created_at: Generated<Timestamp>;
  done: Generated<number>;
  ended_at: Timestamp | null;
  id: string;
  input: Json | null;
  kind: string;
  message: string | null;
  org_id: string | null;
  results: Generated<number>;
  schedule_key: string | null;
  sealed_input: ArrayType<Buffer> | null;
  started_at: Timestamp | null;
  started_by: string | null;
  started_by_name: string;
  state: Generated<string>;
  title: string;
  total: number | null;
}

export interface JobResult {
  job_id: string;
  message: string;
  number: number;
  outcome: string;
  subject: string;
}

export interface JobSchedule {
  key: string;
  next_at: Timestamp;
  timing: string;
}

export interface Membership {
  created_at: Generated<Timestamp>;
  org_id: string;
  user_id: string;
}

export interface Node {
  created_at: Generated<Timestamp>;
  id: string;
  name: string;
  org_id: string;
  parent_id: string | null;
  sort_name: Generated<string>;
  version: Generated<number>;
}

export interface NodeClosure {
  ancestor_id: string;
  depth: number;
  descendant_id: string;
  org_id: string;
}

export interface Notification {
  address: string | null;
  attempts: Generated<number>;
  channel: string;
  claimed_until: Timestamp | null;
  content: Json | null;
  created_at: Generated<Timestamp>;
  ended_at: Timestamp | null;
  give_up_at: Timestamp;
  id: string;
  next_at: Generated<Timestamp>;
  org_id: string | null;
  problem: string | null;
  sealed: Buffer | null;
  state: Generated<string>;
  template: string;
  user_id: string | null;
}

export interface Organization {
  created_at: Generated<Timestamp>;
  id: string;
  name: string;
}

export interface Role {
  built_in: Generated<boolean>;
  description: Generated<string>;
  id: string;
  name: string;
  permissions: Generated<string[]>;
}

export interface RoleBinding {
  org_id: string;
  role_id: string;
  user_id: string;
}

export interface SchemaMigration {
  applied_at: Generated<Timestamp>;
  name: string;
  number: number;
  sha256: string;
}

export interface Session {
  account_id: string;
  account_name: string;
  address: string | null;
  asset_id: string;
  asset_name: string;
  command: string | null;
  connected_at: Timestamp | null;
  end_detail: string | null;
  end_reason: string | null;
  ended_at: Timestamp | null;
  exit_code: number | null;
  gateway_id: string;
  id: string;
  kind: string;
  org_id: string;
  protocol: string;
  recording_bytes: Int8 | null;
  recording_complete: boolean | null;
  recording_ms: Int8 | null;
  recording_state: Generated<string>;
  started_at: Generated<Timestamp>;
  state: Generated<string>;
  terminate_words: string | null;
  user_id: string;
  user_name: string;
  via: string;
}

export interface Setting {
  key: string;
  org_id: string | null;
  sealed: Buffer | null;
  updated_at: Generated<Timestamp>;
  value: Generated<Json>;
  version: Generated<number>;
}

export interface SetupToken {
  expires_at: Timestamp;
  token_hash: Buffer;
  used_at: Timestamp | null;
}

export interface SignInBrake {
  address: string;
  blocked_until: Timestamp | null;
  failures: number;
  last_failure_at: Timestamp;
  login_name: string;
  told: Generated<boolean>;
}

export interface SignInSuccess {
  address: string;
  at: Timestamp;
  login_name: string;
}

export interface SshKey {
  created_at: Generated<Timestamp>;
  fingerprint: string;
  id: string;
  last_used_at: Timestamp | null;
  name: string;
  public_key: string;
  user_id: string;
}

export interface UserGroup {
  comment: Generated<string>;
  created_at: Generated<Timestamp>;
  id: string;
  name: string;
  org_id: string;
  sort_name: Generated<string>;
  updated_at: Generated<Timestamp>;
  version: Generated<number>;
}

export interface Users {
  active: Generated<boolean>;
  comment: Generated<string>;
  created_at: Generated<Timestamp>;
  email: string | null;
  id: string;
  last_sign_in_at: Timestamp | null;
  login_name: string;
  name: string;
  password_changed_at: Generated<Timestamp>;
  password_hash: string | null;
  preferences: Generated<Json>;
  sort_name: Generated<string>;
  updated_at: Generated<Timestamp>;
  version: Generated<number>;
}

export interface Tables {
  access_grant: AccessGrant;
  account: Account;
  asset: Asset;
  asset_host_key: AssetHostKey;
  asset_node: AssetNode;
  asset_protocol: AssetProtocol;
  audit_checkpoint: AuditCheckpoint;
  audit_event: AuditEvent;
  audit_seal: AuditSeal;
  audit_unsealed: AuditUnsealed;
  console_session: ConsoleSession;
  gateway: Gateway;
  gateway_ticket: GatewayTicket;
  grant_asset: GrantAsset;
  grant_group: GrantGroup;
  grant_node: GrantNode;
  grant_user: GrantUser;
  group_member: GroupMember;
  job: Job;
  job_result: JobResult;
  job_schedule: JobSchedule;
  membership: Membership;
  node: Node;
  node_closure: NodeClosure;
  notification: Notification;
  organization: Organization;
  role: Role;
  role_binding: RoleBinding;
  schema_migration: SchemaMigration;
  session: Session;
  setting: Setting;
  setup_token: SetupToken;
  sign_in_brake: SignInBrake;
  sign_in_success: SignInSuccess;
  ssh_key: SshKey;
  user_group: UserGroup;
  users: Users;
}
