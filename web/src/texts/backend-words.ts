import { languageNow } from "./index.ts";

/** Labels of settings whose name does not read as words; Chinese for all that is known. */
const LABELS: Readonly<Record<string, readonly [en: string, zh: string]>> = {
  servers: ["Servers", "服务器"],
  security: ["Encryption", "加密"],
  allowPlain: ["Allow passwords in the clear", "允许明文传输密码"],
  caCertificate: ["Certificate of the authority", "证书颁发机构的证书"],
  directory: ["Kind of directory", "目录类型"],
  bindDn: ["Name to read as (DN)", "读取目录的名称（DN）"],
  bindPassword: ["Password of that name", "该名称的密码"],
  bases: ["Where people are", "人员所在位置"],
  userFilter: ["Filter for a person", "人员过滤器"],
  loginAttribute: ["Attribute: login name", "属性：登录名"],
  nameAttribute: ["Attribute: name", "属性：姓名"],
  emailAttribute: ["Attribute: mail address", "属性：邮件地址"],
  subjectAttribute: ["Attribute: known for good by", "属性：永久标识"],
  groups: ["Groups", "用户组"],
  groupBases: ["Where groups are", "用户组所在位置"],
  groupFilter: ["Filter for groups", "用户组过滤器"],
  nestedGroups: ["Groups within groups", "嵌套用户组"],
  timeoutSeconds: ["Seconds to wait", "等待秒数"],
  syncMinutes: ["Sync every (minutes)", "同步间隔（分钟）"],
  disableMissing: ["Disable whom the directory lost", "停用目录中已不存在的用户"],
  pageSize: ["Entries at once", "每页条目数"],
  reportTo: ["Report to", "报告收件人"],
  secret: ["Shared secret", "共享密钥"],
  use: ["Use", "用途"],
  secondFactorFor: ["Second factor of", "第二因素适用于"],
  asksFirst: ["Ask the server first", "先询问服务器"],
  requireMessageAuthenticator: ["Demand Message-Authenticator", "要求 Message-Authenticator"],
  nasIdentifier: ["NAS-Identifier", "NAS-Identifier"],
  realm: ["Realm", "域"],
  lowerCase: ["Names in lower case", "名称转为小写"],
  tries: ["Tries", "尝试次数"],
  authorities: ["Authorities", "证书颁发机构"],
  subject: ["Known for good by", "永久标识"],
  loginName: ["Login name", "登录名"],
  revocationLists: ["Revoked certificates", "吊销列表"],
};

const CHOICES: Readonly<Record<string, readonly [en: string, zh: string]>> = {
  starttls: ["StartTLS", "StartTLS"],
  none: ["None", "无"],
  ldap: ["LDAP", "LDAP"],
  "active-directory": ["Active Directory", "Active Directory"],
  attribute: ["By the person's memberOf", "根据人员的 memberOf"],
  search: ["By a search", "通过搜索"],
  "sign-in": ["Name and password", "名称和密码"],
  "second-factor": ["Second factor", "第二因素"],
  linked: ["Linked users", "已关联的用户"],
  everybody: ["Everybody", "所有人"],
  class: ["Class", "Class"],
  "filter-id": ["Filter-Id", "Filter-Id"],
  name: ["The whole name (DN)", "完整名称（DN）"],
  principal: ["User principal name (UPN)", "用户主体名称（UPN）"],
  email: ["Mail address", "邮件地址"],
  "common-name": ["Common name (CN)", "通用名称（CN）"],
};

/** Chinese for what the server says of a setting. */
const HELP: Readonly<Record<string, string>> = {
  "Servers, tried in turn: ldaps://directory.example.org, or ldap:// with StartTLS":
    "依次尝试的服务器：ldaps://directory.example.org，或使用 StartTLS 的 ldap://",
  "Encryption of ldap:// servers; ldaps:// is always encrypted": "ldap:// 服务器的加密方式；ldaps:// 始终加密",
  "Insecure: let passwords cross the network to an ldap:// server in the clear":
    "不安全：允许密码以明文经网络传到 ldap:// 服务器",
  "Certificate of the directory's authority (PEM), if it is your own": "目录证书颁发机构的证书（PEM），如为自建",
  "What kind of directory it is": "目录的类型",
  "Name to read the directory as (DN); empty: anonymously": "读取目录所用的名称（DN）；留空则匿名",
  "Password of that name": "该名称的密码",
  "Where people are, as in ou=people,dc=example,dc=org": "人员所在位置，例如 ou=people,dc=example,dc=org",
  "Filter that finds a person; {login} stands for the name that was typed": "查找人员的过滤器；{login} 代表输入的名称",
  "Attribute with the login name: uid, sAMAccountName": "登录名所在属性：uid、sAMAccountName",
  "Attribute with the person's name: cn, displayName": "姓名所在属性：cn、displayName",
  "Attribute with the mail address: mail": "邮件地址所在属性：mail",
  "Attribute that never changes: entryUUID, objectGUID": "永不改变的属性：entryUUID、objectGUID",
  "How groups are found: not at all, by the person's memberOf, by a search for groups with the person as a member":
    "查找用户组的方式：不查找、根据人员的 memberOf、搜索以该人员为成员的组",
  "Where groups are; empty: where people are": "用户组所在位置；留空则与人员相同",
  "Filter that finds groups; {dn} is the member, {login} the login name":
    "查找用户组的过滤器；{dn} 为成员，{login} 为登录名",
  "Count groups within groups (only with a search)": "计入嵌套的用户组（仅用于搜索）",
  "Seconds to wait for each answer": "等待每个回答的秒数",
  "Bring people here every so many minutes; 0: only by hand": "每隔多少分钟同步人员；0 表示仅手动",
  "At a sync, disable linked users whom the directory does not have any more": "同步时停用目录中已不存在的关联用户",
  "Entries read at once during a sync": "同步时每次读取的条目数",
  "Who gets a message after a sync by schedule in which something changed or failed":
    "定时同步有更改或失败时的邮件收件人",
  "Servers, tried in turn, as in radius.example.org:1812": "依次尝试的服务器，例如 radius.example.org:1812",
  "Secret shared with the servers": "与服务器共享的密钥",
  "What it proves: name and password, or the second factor of people who sign in otherwise":
    "证明的内容：名称和密码，或以其他方式登录者的第二因素",
  "Second factor: asked of users linked to this backend, or of everybody by their login name":
    "第二因素：询问与此后端关联的用户，或按登录名询问所有人",
  "Second factor: ask the server first, for those that send a code or show a question (Access-Challenge)":
    "第二因素：先询问服务器，适用于发送验证码或显示问题的服务器（Access-Challenge）",
  "Drop answers without Message-Authenticator; without this an attacker on the network can forge them":
    "丢弃没有 Message-Authenticator 的回答；否则网络上的攻击者可以伪造回答",
  "Name by which the servers know this gate": "服务器识别本系统的名称",
  "Name of the people behind these servers; changing it unlinks everybody":
    "这些服务器所管人员的名称；更改会解除所有关联",
  "Send login names in lower case, so that Ann and ann are one person": "以小写发送登录名，使 Ann 和 ann 为同一人",
  "Attribute of the answer that names the person's groups": "回答中列出人员用户组的属性",
  "Seconds to wait for an answer": "等待回答的秒数",
  "How often each server is asked": "每台服务器的询问次数",
  "Certificates (PEM) of the authorities that issue people's certificates, and of those above them up to the root":
    "颁发人员证书的机构及其上级机构直至根的证书（PEM）",
  "What in the certificate names the person for good; changing it unlinks everybody":
    "证书中永久标识人员的内容；更改会解除所有关联",
  "What in the certificate is the login name": "证书中作为登录名的内容",
  "Lists of revoked certificates (PEM), one of each authority; out of date, nobody signs in":
    "吊销列表（PEM），每个机构一份；过期后任何人都无法登录",
};

const pick = (words: readonly [string, string] | undefined): string | undefined =>
  words?.[languageNow() === "zh" ? 1 : 0];

export const settingLabel = (name: string): string | undefined => pick(LABELS[name]);
export const settingChoice = (value: string): string | undefined => pick(CHOICES[value]);
export const settingHelp = (english: string): string => (languageNow() === "zh" ? (HELP[english] ?? english) : english);
