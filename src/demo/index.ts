export { registerDemo, withDemoAccess } from "./register.ts";
export { type DemoServer, type DemoTarget, findSshd, startDemoServer } from "./sshd.ts";
