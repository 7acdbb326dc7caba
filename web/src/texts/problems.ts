import { languageNow } from "./index.ts";

/** Chinese for the sentences that the schemas, and often the server, say in English. */
const zh: Readonly<Record<string, string>> = {
  "Give it a name.": "请填写名称。",
  "Give a name.": "请填写名称。",
  "At most 128 characters.": "最多 128 个字符。",
  "At most 256 characters.": "最多 256 个字符。",
  "At most 2,000 characters.": "最多 2,000 个字符。",
  "At least 12 characters.": "至少 12 个字符。",
  "No control characters.": "不能包含控制字符。",
  "No spaces and none of : @ / \\": "不能包含空格以及 : @ / \\",
  "Give a host name or an address.": "请填写主机名或地址。",
  "Not a host name or address.": "不是有效的主机名或地址。",
  "Type the password.": "请输入密码。",
  "Not a mail address.": "不是有效的邮件地址。",
  "Paste a public key.": "请粘贴公钥。",
  "Give the secret.": "请填写密钥。",
  "Give the user name on the target.": "请填写目标上的用户名。",
  "Give at least one protocol.": "至少选择一种协议。",
  "Fill this in.": "请填写此项。",
  "On one line, without control characters.": "只能是一行，且不能包含控制字符。",
  "Give the address that mail comes from.": "请填写发件人地址。",
  "Without encryption only a server on this machine can be used (localhost).":
    "不加密时只能使用本机上的服务器（localhost）。",
  "Not a certificate in PEM form.": "不是 PEM 格式的证书。",
  "Paste the certificate of an authority.": "请粘贴证书颁发机构的证书。",
  "At most 10 certificates.": "最多 10 个证书。",
  "One of these is no certificate of an authority.": "其中一个不是证书颁发机构的证书。",
  "The authority above one of these is missing. Paste it as well, up to the root.":
    "缺少其中一个机构的上级机构。请一并粘贴，直至根证书。",
  "Not lists of revoked certificates in PEM form, whole and with an end.": "不是 PEM 格式的完整且有期限的吊销列表。",
  "One of these lists is not signed by one of the authorities.": "其中一份列表不是由这些机构签名的。",
  "The list of one of the authorities is missing.": "缺少其中一个机构的列表。",
  "Name a server.": "请填写服务器。",
  "Name a base.": "请填写位置。",
  "Name the group.": "请填写用户组。",
  "Give the shared secret.": "请填写共享密钥。",
  "As in ldaps://directory.example.org:636": "例如 ldaps://directory.example.org:636",
  "As in radius.example.org or 10.0.0.5:1812": "例如 radius.example.org 或 10.0.0.5:1812",
  "Not a filter of RFC 4515.": "不是 RFC 4515 的过滤器。",
  "It must contain {login}.": "必须包含 {login}。",
  "Without encryption everybody on the way reads the passwords. Use StartTLS or ldaps://.":
    "不加密时途经的任何人都能读取密码。请使用 StartTLS 或 ldaps://。",
  "Give the name to read the directory as together with its password.": "请同时填写读取目录的名称及其密码。",
  "This link was used, is too old, or was replaced by a newer one. Ask for a new one.":
    "此链接已使用、已过期或已被新链接取代。请索取新链接。",
  "This person was mailed a link less than a minute ago. Wait a minute, then try again.":
    "不到一分钟前已向此人发送过链接。请稍候一分钟再试。",
  "You cannot disable yourself or change your own roles, end date or second factor. Ask another administrator.":
    "不能停用自己，也不能更改自己的角色、到期时间或第二因素。请联系其他管理员。",
  "You cannot delete yourself. Ask another administrator.": "不能删除自己。请联系其他管理员。",
  "Mail is not set up. Do that in the settings.": "尚未设置邮件。请先在设置中完成。",
  "Give the user a mail address first.": "请先填写此用户的邮件地址。",
  "There is no such user, or you may not see it.": "没有此用户，或者您无权查看。",
  "There is no such group, or you may not see it.": "没有此用户组，或者您无权查看。",
  "There is no such organization, or you may not see it.": "没有此组织，或者您无权查看。",
  "There is no such setting, or it is named twice.": "没有此设置，或重复指定。",
};

const LIBRARY = /^Invalid input: expected \w+, received (undefined|null)$/;

/** A problem of a field in the language of the person. */
export function problemText(message: string): string {
  const plain = LIBRARY.test(message) ? "Fill this in." : message;
  return languageNow() === "zh" ? (zh[plain] ?? plain) : plain;
}

/** Chinese for the names of kinds, which the server says in English. */
const TERMS: Readonly<Record<string, string>> = {
  "Authenticator app": "身份验证器应用",
  "Passkey or security key": "通行密钥或安全密钥",
  "Code by mail": "邮件验证码",
  "Recovery code": "恢复代码",
  RADIUS: "RADIUS",
  "LDAP or Active Directory": "LDAP 或 Active Directory",
  "Code of the RADIUS server": "RADIUS 服务器验证码",
  "Client certificate": "客户端证书",
  Password: "密码",
};

/** The name of a kind in the language of the person; a kind that nobody translated keeps its own. */
export const termText = (title: string): string => (languageNow() === "zh" ? (TERMS[title] ?? title) : title);
