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
  at_end: Generated<string>;
  comment: Generated<string>;
  created_at: Generated<Timestamp>;
  excluded_names: Generated<string[]>;
  expires_at: Timestamp | null;
  forward_to: Generated<string[]>;
  id: string;
  name: string;
  org_id: string;
  protocols: Generated<string[]>;
  sort_name: Generated<string>;
  starts_at: Generated<Timestamp>;
  ticket_id: string | null;
  updated_at: Generated<Timestamp>;
  version: Generated<number>;
  virtual_accounts: Generated<string[]>;
  warn_minutes: number | null;
}

export interface AccessRule {
  accounts: string[] | null;
  action: string;
  active: Generated<boolean>;
  assets: Json;
  comment: Generated<string>;
  created_at: Generated<Timestamp>;
  id: string;
  kind: string;
  name: string;
  notice: Generated<string>;
  org_id: string;
  priority: Generated<number>;
  settings: Generated<Json>;
  sort_name: Generated<string>;
  updated_at: Generated<Timestamp>;
  users: Json;
  version: Generated<number>;
}

export interface AccessRuleCommandGroup {
  group_id: string;
  org_id: string;
  rule_id: string;
}

export interface AccessRuleReviewer {
  org_id: string;
  rule_id: string;
  user_id: string;
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

export interface ApiKey {
  active: Generated<boolean>;
  addresses: Generated<string[]>;
  created_at: Generated<Timestamp>;
  created_by: string | null;
  expires_at: Timestamp;
  id: string;
  name: string;
  org_id: string;
  prefix: string;
  scopes: string[];
  secret_hash: Buffer;
  used_at: Timestamp | null;
  used_from: string | null;
  user_id: string;
}

export interface Asset {
  active: Generated<boolean>;
  comment: Generated<string>;
  created_at: Generated<Timestamp>;
  host: string;
  id: string;
  name: string;
  org_id: string;
  search_text: Generated<string>;
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

export interface AssetMark {
  asset_id: string;
  favourite: Generated<boolean>;
  org_id: string;
  own_name: string | null;
  user_id: string;
}

export interface AssetNode {
  active: Generated<boolean>;
  asset_id: string;
  node_id: string;
  org_id: string;
  sole: Generated<boolean>;
  sort_name: Generated<string>;
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

export interface AwaitedIdentity {
  backend_id: string;
  created_at: Generated<Timestamp>;
  created_by: string | null;
  expires_at: Timestamp;
  id: string;
  outside_name: string;
  user_id: string;
}

export interface BackendMapping {
  backend_id: string;
  group_id: string | null;
  id: string;
  org_id: string;
  outside_group: string;
  role_id: string | null;
}

export interface CommandGroup {
  commands: Generated<string[]>;
  comment: Generated<string>;
  created_at: Generated<Timestamp>;
  id: string;
  ignore_case: Generated<boolean>;
  name: string;
  org_id: string;
  patterns: Generated<string[]>;
  sort_name: Generated<string>;
  updated_at: Generated<Timestamp>;
  version: Generated<number>;
}

export interface ConsoleSession {
  address: string | null;
  agent: string | null;
  backend_id: string | null;
  backend_memory: Buffer | null;
  created_at: Generated<Timestamp>;
  expires_at: Timestamp;
  id: string;
  idle_minutes: Generated<number>;
  org_id: string;
  password_at: Timestamp | null;
  proofs: Generated<string[]>;
  second_factor_at: Timestamp | null;
  signed_in_at: Generated<Timestamp>;
  token_hash: Buffer;
  used_at: Generated<Timestamp>;
  user_id: string;
}

export interface DeviceSignIn {
  address: string | null;
  certificate: string | null;
  certificate_expires_at: Timestamp | null;
  code: string;
  created_at: Generated<Timestamp>;
  device: string;
  expires_at: Timestamp;
  fingerprint: string;
  id: string;
  public_key: string;
  refused: Generated<boolean>;
  token_hash: Buffer;
  user_id: string | null;
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

export interface HeldPermission {
  org_id: string | null;
  permission: string | null;
  role_id: string | null;
  user_id: string | null;
}

export interface Identity {
  backend_id: string;
  id: string;
  issuer: string;
  linked_at: Generated<Timestamp>;
  shown_name: Generated<string>;
  subject: string;
  used_at: Timestamp | null;
  user_id: string;
}

export interface ImportFile {
  created_at: Generated<Timestamp>;
  expires_at: Timestamp;
  id: string;
  name: string;
  org_id: string;
  pieces: number;
  user_id: string;
}

export interface ImportPiece {
  file_id: string;
  number: number;
  sealed: Buffer;
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

export interface MailedCode {
  attempt_id: string;
  code_hash: Buffer;
  expires_at: Timestamp;
  sent_at: Generated<Timestamp>;
  tries: Generated<number>;
  user_id: string;
}

export interface MailedFactor {
  created_at: Generated<Timestamp>;
  used_at: Timestamp | null;
  user_id: string;
}

export interface MailedToken {
  created_at: Generated<Timestamp>;
  email: string;
  expires_at: Timestamp;
  org_id: string | null;
  purpose: string;
  token_hash: Buffer;
  used_at: Timestamp | null;
  user_id: string;
}

export interface MappedMember {
  backend_id: string;
  group_id: string | null;
  org_id: string;
  role_id: string | null;
  user_id: string;
}

export interface Membership {
  by_mapping: Generated<boolean>;
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
  sole_active: Generated<number>;
  sole_assets: Generated<number>;
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
  comment: Generated<string>;
  created_at: Generated<Timestamp>;
  id: string;
  name: string;
  sort_name: Generated<string>;
  updated_at: Generated<Timestamp>;
  version: Generated<number>;
}

export interface Passkey {
  counter: Generated<Int8>;
  created_at: Generated<Timestamp>;
  credential_id: Buffer;
  host: string;
  id: string;
  name: string;
  public_key: Buffer;
  transports: Generated<string[]>;
  used_at: Timestamp | null;
  user_id: string;
  verifies_user: Generated<boolean>;
}

export interface PasswordHistory {
  password_hash: string;
  set_at: Generated<Timestamp>;
  user_id: string;
}

export interface PostedAnswer {
  answer: Buffer | null;
  attempt_id: string;
  handle_hash: Buffer | null;
  relay_hash: Buffer;
}

export interface RecoveryCode {
  code_hash: Buffer;
  created_at: Generated<Timestamp>;
  used_at: Timestamp | null;
  user_id: string;
}

export interface RememberedProof {
  address: string;
  expires_at: Timestamp;
  first_proof: string;
  proofs: string[];
  user_id: string;
}

export interface RequestRule {
  active: Generated<boolean>;
  break_glass: Generated<boolean>;
  comment: Generated<string>;
  covers_everything: Generated<boolean>;
  created_at: Generated<Timestamp>;
  for_everybody: Generated<boolean>;
  id: string;
  longest_minutes: number;
  name: string;
  org_id: string;
  priority: Generated<number>;
  sort_name: Generated<string>;
  updated_at: Generated<Timestamp>;
  version: Generated<number>;
}

export interface RequestRuleSide {
  asset_id: string | null;
  group_id: string | null;
  node_id: string | null;
  org_id: string;
  rule_id: string;
  side: string;
  user_id: string | null;
}

export interface ResetMailed {
  at: Generated<Timestamp>;
  user_id: string;
}

export interface Role {
  built_in: Generated<boolean>;
  created_at: Generated<Timestamp>;
  description: Generated<string>;
  id: string;
  name: string;
  org_id: string | null;
  permissions: Generated<string[]>;
  scope: Generated<string>;
  second_factor: string | null;
  updated_at: Generated<Timestamp>;
  version: Generated<number>;
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

export interface SignInAttempt {
  address: string | null;
  agent: string | null;
  backend_id: string | null;
  backend_memory: Buffer | null;
  console_session_id: string | null;
  created_at: Generated<Timestamp>;
  expires_at: Timestamp;
  failures: Generated<number>;
  id: string;
  memory: Buffer | null;
  proofs: Generated<string[]>;
  purpose: Generated<string>;
  return_to: string | null;
  token_hash: Buffer | null;
  user_id: string | null;
  via: string;
}

export interface SignInBackend {
  active: Generated<boolean>;
  created_at: Generated<Timestamp>;
  creates_users: Generated<boolean>;
  id: string;
  kind: string;
  name: string;
  org_id: string | null;
  position: Generated<number>;
  sealed: Buffer | null;
  settings: Generated<Json>;
  sort_name: Generated<string>;
  synced_at: Timestamp | null;
  updated_at: Generated<Timestamp>;
  version: Generated<number>;
}

export interface SignInBrake {
  address: string;
  blocked_until: Timestamp | null;
  failures: number;
  id: Generated<string>;
  last_failure_at: Timestamp;
  login_name: string;
  told: Generated<boolean>;
}

export interface SignInRule {
  action: string;
  active: Generated<boolean>;
  addresses: Generated<string[]>;
  comment: Generated<string>;
  created_at: Generated<Timestamp>;
  id: string;
  name: string;
  notice: Generated<string>;
  priority: Generated<number>;
  sort_name: Generated<string>;
  times: Json | null;
  updated_at: Generated<Timestamp>;
  users: Json;
  version: Generated<number>;
}

export interface SignInRuleReviewer {
  rule_id: string;
  user_id: string;
}

export interface SignInSuccess {
  address: string;
  at: Timestamp;
  login_name: string;
}

export interface SpentProof {
  expires_at: Timestamp;
  proof_hash: Buffer;
  realm: string;
}

export interface SshAuthority {
  created_at: Generated<Timestamp>;
  fingerprint: string;
  next_serial: Generated<Int8>;
  org_id: string;
  private_key: Buffer;
  public_key: string;
}

export interface SshCertificate {
  address: string | null;
  device: Generated<string>;
  expires_at: Timestamp;
  fingerprint: string;
  issued_at: Generated<Timestamp>;
  org_id: string;
  proofs: string[];
  revoked_at: Timestamp | null;
  serial: Int8;
  used_at: Timestamp | null;
  user_id: string;
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

export interface SystemRoleBinding {
  role_id: string;
  user_id: string;
}

export interface Ticket {
  asked_by: string;
  asked_by_name: string;
  body: Json;
  comment: Generated<string>;
  created_at: Generated<Timestamp>;
  decided_at: Timestamp | null;
  decided_by: string | null;
  decided_by_name: string | null;
  expires_at: Timestamp | null;
  given: Json | null;
  id: string;
  kind: string;
  org_id: string;
  reason: string;
  reviewers: string[];
  state: Generated<string>;
  title: string;
}

export interface Totp {
  confirmed_at: Timestamp;
  created_at: Generated<Timestamp>;
  secret: Buffer;
  used_at: Timestamp | null;
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
  disabled_reason: string | null;
  email: string | null;
  enabled_at: Timestamp | null;
  expires_at: Timestamp | null;
  id: string;
  kind: Generated<string>;
  last_sign_in_at: Timestamp | null;
  last_used_at: Timestamp | null;
  login_name: string;
  must_change_password: Generated<boolean>;
  name: string;
  password_changed_at: Generated<Timestamp>;
  password_hash: string | null;
  password_is_weak: Generated<boolean>;
  phone: string | null;
  preferences: Generated<Json>;
  second_factor: string | null;
  signed_out_at: Timestamp | null;
  sort_name: Generated<string>;
  time_zone: string | null;
  updated_at: Generated<Timestamp>;
  version: Generated<number>;
}

export interface Tables {
  access_grant: AccessGrant;
  access_rule: AccessRule;
  access_rule_command_group: AccessRuleCommandGroup;
  access_rule_reviewer: AccessRuleReviewer;
  account: Account;
  api_key: ApiKey;
  asset: Asset;
  asset_host_key: AssetHostKey;
  asset_mark: AssetMark;
  asset_node: AssetNode;
  asset_protocol: AssetProtocol;
  audit_checkpoint: AuditCheckpoint;
  audit_event: AuditEvent;
  audit_seal: AuditSeal;
  audit_unsealed: AuditUnsealed;
  awaited_identity: AwaitedIdentity;
  backend_mapping: BackendMapping;
  command_group: CommandGroup;
  console_session: ConsoleSession;
  device_sign_in: DeviceSignIn;
  gateway: Gateway;
  gateway_ticket: GatewayTicket;
  grant_asset: GrantAsset;
  grant_group: GrantGroup;
  grant_node: GrantNode;
  grant_user: GrantUser;
  group_member: GroupMember;
  held_permission: HeldPermission;
  identity: Identity;
  import_file: ImportFile;
  import_piece: ImportPiece;
  job: Job;
  job_result: JobResult;
  job_schedule: JobSchedule;
  mailed_code: MailedCode;
  mailed_factor: MailedFactor;
  mailed_token: MailedToken;
  mapped_member: MappedMember;
  membership: Membership;
  node: Node;
  node_closure: NodeClosure;
  notification: Notification;
  organization: Organization;
  passkey: Passkey;
  password_history: PasswordHistory;
  posted_answer: PostedAnswer;
  recovery_code: RecoveryCode;
  remembered_proof: RememberedProof;
  request_rule: RequestRule;
  request_rule_side: RequestRuleSide;
  reset_mailed: ResetMailed;
  role: Role;
  role_binding: RoleBinding;
  schema_migration: SchemaMigration;
  session: Session;
  setting: Setting;
  setup_token: SetupToken;
  sign_in_attempt: SignInAttempt;
  sign_in_backend: SignInBackend;
  sign_in_brake: SignInBrake;
  sign_in_rule: SignInRule;
  sign_in_rule_reviewer: SignInRuleReviewer;
  sign_in_success: SignInSuccess;
  spent_proof: SpentProof;
  ssh_authority: SshAuthority;
  ssh_certificate: SshCertificate;
  ssh_key: SshKey;
  system_role_binding: SystemRoleBinding;
  ticket: Ticket;
  totp: Totp;
  user_group: UserGroup;
  users: Users;
}
