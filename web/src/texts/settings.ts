import type { Chinese } from "./text.ts";

export const en = {
  title: "Settings",
  text: "They hold for the whole installation.",
  ofOrganization: "Organization settings",
  ofOrganizationText:
    "What {{organization}} sets here holds above the settings of the installation, for {{organization}} only.",
  none: "No settings here",
  noneText: "There is no group of settings by that name, or none at all yet.",
  between: "Between {{least}} and {{most}}.",
  reset: "Back to: {{value}}",
  resetEmpty: "Back to empty",
  removeSecret: "Remove what is stored",
  secretInherited: "The installation's value holds.",
  secretUnset: "Nothing is stored.",
  readOnly: "Save (you may only look)",
  mail: {
    test: "Send a test mail",
    testText:
      "It is sent with the settings as they are saved. The conversation with the server is shown; the password is not.",
    to: "To",
    send: "Send",
    taken: "The server took the mail",
    failed: "The mail was not sent",
    transcript: "What was said",
  },
  groups: {
    "sign-in": {
      title: "Signing in",
      text: "What a sign-in asks for. An organization may ask more of its members than the installation does.",
      fields: {
        secondFactor: "Second factor",
        passkeyAlone: "A passkey alone",
        mailedCode: "Codes by mail",
        rememberMinutes: "Minutes remembered over SSH",
      },
      help: {
        secondFactor: "Never asked, asked of who has one, or asked of everybody.",
        passkeyAlone: "One that verifies its holder on the device signs in without a password.",
        mailedCode: "For nobody, for who chose them, or also for who must have a factor and has no other.",
        rememberMinutes: "So long a second factor counts again, for the same person, address and key. 0: never.",
      },
      choices: {
        secondFactor: { off: "Off", on: "If set up", forced: "Always" },
        mailedCode: { off: "Off", chosen: "If chosen", fallback: "Also for want of another" },
      },
    },
    password: {
      title: "Passwords",
      text: "What a new password must be, whoever sets it.",
      fields: {
        minLength: "Characters at least",
        kinds: "Kinds of characters",
        history: "Earlier passwords refused",
        minAgeHours: "Hours before the next change",
        expireDays: "Days until it must be changed",
        administratorExpireDays: "The same for administrators",
      },
      help: {
        minLength: "Long ones are better than mixed ones.",
        kinds: "How many of lower case, upper case, digits and others it must mix. 0: any.",
        history: "0: only the present one.",
        minAgeHours: "0: at any time.",
        expireDays: "0: never.",
        administratorExpireDays: "For whoever may change settings. 0: never.",
      },
    },
    "sign-in-networks": {
      title: "Networks and signing in",
      text: "Addresses or networks, such as 10.0.0.0/8.",
      fields: { deny: "Nobody signs in from", allow: "Shared by many" },
      help: {
        deny: "Whatever they know; this machine itself always may.",
        allow: "Wrong passwords of some do not slow the others who come from there.",
      },
    },
    "console-sessions": {
      title: "Console sessions",
      text: "When a console session ends, with its web terminals. It holds for sessions that begin from now on.",
      fields: { idleMinutes: "Minutes unused", longestHours: "Hours at most" },
      help: {
        idleMinutes: "Requests, clicks and typing in a terminal count as use; a page that reads by itself does not.",
        longestHours: "Counted from the sign-in, however much the session is used.",
      },
    },
    "permission-rules": {
      title: "Permission rules",
      text: "What rules are created with, where their author does not choose.",
      fields: { atEnd: "When a rule ends", warnMinutes: "Minutes between warning and cut" },
      help: {
        atEnd: "What becomes of live sessions that only this rule gave. Changing it changes no rule that exists.",
        warnMinutes: "For rules that warn.",
      },
      choices: {
        atEnd: {
          cut: "Cut live sessions at once",
          warn: "Warn, then cut",
          keep: "Keep live sessions, refuse new ones",
        },
      },
    },
    users: {
      title: "Users",
      text: "What becomes of users that nobody uses any more, and of those whose end comes near.",
      fields: { disableUnusedDays: "Disable after days unused", noticeDays: "Days of notice before the end" },
      help: {
        disableUnusedDays: "0: never. The last administrator stays.",
        noticeDays: "A mail every day; 0: none.",
      },
    },
    tokens: {
      title: "API keys and SSH certificates",
      text: "How long what programs and command lines are given is valid, and from where.",
      fields: {
        longestKeyDays: "Days of an API key, at most",
        certificateHours: "Hours of an SSH certificate",
        certificatesOnlyFromAddress: "SSH certificates only from their address",
      },
      help: {
        certificatesOnlyFromAddress:
          "A certificate signs in only from the address of the machine that asked for it (IPv6: its /64), as the console saw it. Not for people whose address changes.",
      },
    },
    "access-requests": {
      title: "Access requests",
      text: "How long people may ask for access, and how long things may take.",
      fields: {
        longestHours: "Hours at most",
        waitHours: "Hours to decide",
        namesAreShown: "Find by a part of the name",
        breakGlassMinutes: "Minutes of broken glass, at most",
        reviewHours: "Hours until a review is overdue",
      },
      help: {
        longestHours: "Whatever the request rule says.",
        waitHours: "What nobody decided by then expires.",
        namesAreShown: "Otherwise who asks has to know the whole name, so that names stay unknown.",
        reviewHours: "While one is overdue, and for as long after a rejection, its person cannot break glass again.",
      },
    },
    mail: {
      title: "Mail",
      text: "The SMTP server that invitations, reset links and notices go through.",
      fields: {
        host: "Server",
        port: "Port",
        security: "Encryption",
        user: "User",
        password: "Password",
        fromAddress: "From address",
        fromName: "From name",
        replyTo: "Reply to",
        subjectPrefix: "Subject prefix",
        caCertificate: "Certificate of the authority",
        timeoutSeconds: "Seconds to wait",
      },
      help: {
        host: "Leave it empty to send no mail.",
        port: "587 for STARTTLS, 465 for TLS.",
        security: "None is for a server on this machine only. Certificates are always verified.",
        user: "Leave it empty for a server that asks for no password.",
        caCertificate: "In PEM form, for a server whose certificate no public authority has signed.",
        subjectPrefix: "Stands before every subject, for example [gate].",
      },
      choices: { security: { starttls: "STARTTLS", tls: "TLS", none: "None" } },
    },
  },
} as const;

export const zh: Chinese<typeof en> = {
  title: "设置",
  text: "对整个系统生效。",
  ofOrganization: "组织设置",
  ofOrganizationText: "{{organization}} 在此处的设置优先于系统设置，且仅对 {{organization}} 生效。",
  none: "没有设置",
  noneText: "没有该名称的设置分组，或者尚无任何分组。",
  between: "必须在 {{least}} 和 {{most}} 之间。",
  reset: "恢复为：{{value}}",
  resetEmpty: "恢复为空",
  removeSecret: "删除已存储的内容",
  secretInherited: "当前使用系统的值。",
  secretUnset: "尚未存储任何内容。",
  readOnly: "保存（您只能查看）",
  mail: {
    test: "发送测试邮件",
    testText: "使用已保存的设置发送。将显示与服务器的对话，但不显示密码。",
    to: "收件人",
    send: "发送",
    taken: "服务器已接收邮件",
    failed: "邮件未发送",
    transcript: "对话内容",
  },
  groups: {
    "sign-in": {
      title: "登录",
      text: "登录时的要求。组织可以对其成员提出比系统更高的要求。",
      fields: {
        secondFactor: "第二因素",
        passkeyAlone: "仅用通行密钥登录",
        mailedCode: "邮件验证码",
        rememberMinutes: "SSH 记住的分钟数",
      },
      help: {
        secondFactor: "从不要求、对已设置者要求，或对所有人要求。",
        passkeyAlone: "能在设备上验证持有者的通行密钥无需密码即可登录。",
        mailedCode: "对任何人都不用、仅对选择者使用，或也对必须使用第二因素却没有其他方式的人使用。",
        rememberMinutes: "在此期间，同一人、同一地址和密钥的第二因素继续有效。0 表示从不。",
      },
      choices: {
        secondFactor: { off: "关闭", on: "已设置时", forced: "始终" },
        mailedCode: { off: "关闭", chosen: "已选择时", fallback: "没有其他方式时也用" },
      },
    },
    password: {
      title: "密码",
      text: "对新密码的要求，无论由谁设置。",
      fields: {
        minLength: "最少字符数",
        kinds: "字符种类数",
        history: "不得重复的历史密码数",
        minAgeHours: "再次更改前的小时数",
        expireDays: "必须更改前的天数",
        administratorExpireDays: "管理员必须更改前的天数",
      },
      help: {
        minLength: "长度比字符种类更重要。",
        kinds: "小写、大写、数字和其他字符中必须混用几种。0 表示不限。",
        history: "0 表示仅不得与当前密码相同。",
        minAgeHours: "0 表示随时可以更改。",
        expireDays: "0 表示从不。",
        administratorExpireDays: "适用于可以更改设置的人。0 表示从不。",
      },
    },
    "sign-in-networks": {
      title: "网络与登录",
      text: "地址或网段，例如 10.0.0.0/8。",
      fields: { deny: "禁止从这些地址登录", allow: "多人共用的地址" },
      help: {
        deny: "无论知道什么都不能登录；本机除外。",
        allow: "其中一些人输错密码不会拖慢来自同一地址的其他人。",
      },
    },
    "console-sessions": {
      title: "控制台会话",
      text: "控制台会话何时结束，其 Web 终端随之结束。对此后开始的会话生效。",
      fields: { idleMinutes: "闲置分钟数", longestHours: "最长小时数" },
      help: {
        idleMinutes: "请求、点击以及在终端中的输入算作使用；自动刷新的页面不算。",
        longestHours: "从登录时算起，与使用情况无关。",
      },
    },
    "permission-rules": {
      title: "权限规则",
      text: "创建规则时未作选择则采用的默认值。",
      fields: { atEnd: "规则到期时", warnMinutes: "警告到断开的分钟数" },
      help: {
        atEnd: "仅由该规则授予的在线会话如何处理。更改不影响已有规则。",
        warnMinutes: "用于先警告的规则。",
      },
      choices: { atEnd: { cut: "立即断开在线会话", warn: "先警告，再断开", keep: "保留在线会话，拒绝新会话" } },
    },
    users: {
      title: "用户",
      text: "如何处理长期未使用以及即将到期的用户。",
      fields: { disableUnusedDays: "未使用多少天后停用", noticeDays: "到期前通知天数" },
      help: {
        disableUnusedDays: "0 表示从不。最后一名管理员不会被停用。",
        noticeDays: "每天一封邮件；0 表示不通知。",
      },
    },
    tokens: {
      title: "API 密钥和 SSH 证书",
      text: "签发给程序和命令行的凭据的有效期和有效来源。",
      fields: {
        longestKeyDays: "API 密钥最长天数",
        certificateHours: "SSH 证书小时数",
        certificatesOnlyFromAddress: "SSH 证书仅限其地址",
      },
      help: {
        certificatesOnlyFromAddress:
          "证书只能从申请它的机器的地址登录（IPv6：其 /64 网段），以控制台所见地址为准。不适合地址会变化的人员。",
      },
    },
    "access-requests": {
      title: "访问申请",
      text: "访问申请的最长时长，以及审批和复核的期限。",
      fields: {
        longestHours: "最长小时数",
        waitHours: "审批期限（小时）",
        namesAreShown: "按部分名称查找",
        breakGlassMinutes: "紧急访问最长分钟数",
        reviewHours: "复核逾期（小时）",
      },
      help: {
        longestHours: "无论申请规则如何规定。",
        waitHours: "到期未决定的申请将失效。",
        namesAreShown: "关闭时，申请人须知道完整的名称，资产名称不会泄露。",
        reviewHours: "有逾期的复核时，以及复核被拒绝后的同样时长内，该人员不能再次使用紧急访问。",
      },
    },
    mail: {
      title: "邮件",
      text: "用于发送邀请、重置链接和通知的 SMTP 服务器。",
      fields: {
        host: "服务器",
        port: "端口",
        security: "加密",
        user: "用户",
        password: "密码",
        fromAddress: "发件人地址",
        fromName: "发件人名称",
        replyTo: "回复地址",
        subjectPrefix: "主题前缀",
        caCertificate: "证书颁发机构的证书",
        timeoutSeconds: "等待秒数",
      },
      help: {
        host: "留空则不发送邮件。",
        port: "STARTTLS 使用 587，TLS 使用 465。",
        security: "“无”仅适用于本机上的服务器。始终验证证书。",
        user: "如果服务器不要求密码，请留空。",
        caCertificate: "PEM 格式，适用于证书未由公共机构签发的服务器。",
        subjectPrefix: "位于每个主题之前，例如 [gate]。",
      },
      choices: { security: { starttls: "STARTTLS", tls: "TLS", none: "无" } },
    },
  },
};
