import { type AddressInfo, createServer, type Socket } from "node:net";
import { BerReader, BerWriter } from "ldapts";

/** An entry as the false directory gives it out. */
export interface FalseEntry {
  readonly dn: string;
  readonly attributes: Readonly<Record<string, readonly string[]>>;
}

/** A server of LDAP that answers as it is told, whatever it is asked: binds succeed, searches give the entries. */
export async function startFalseDirectory(
  tell: { entries?: readonly FalseEntry[]; tlsAnswer?: Buffer; referral?: string; endless?: boolean } = {},
): Promise<{ url: string; binds: string[]; stop(): Promise<void> }> {
  const sockets = new Set<Socket>();
  const binds: string[] = [];
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("data", (data: Buffer) => {
      const reader = new BerReader(data);
      reader.readSequence();
      const id = reader.readInt() ?? 0;
      const operation = reader.readSequence();
      if (operation === 0x60) {
        reader.readInt();
        binds.push(reader.readString() ?? "");
        socket.write(answer(id, 0x61));
      } else if (operation === 0x63) {
        for (const entry of tell.entries ?? []) socket.write(entryOf(id, entry));
        if (tell.endless) flood(socket, id);
        else socket.write(answer(id, 0x65));
      } else if (operation === 0x77) socket.write(tell.tlsAnswer ?? answer(id, 0x78));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `ldap://127.0.0.1:${(server.address() as AddressInfo).port}`,
    binds,
    stop: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}

function flood(socket: Socket, id: number): void {
  const entry = entryOf(id, { dn: "uid=x,ou=people,dc=example,dc=org", attributes: { cn: ["x".repeat(30_000)] } });
  const more = (): void => {
    while (!socket.destroyed && socket.write(entry));
    socket.once("drain", more);
  };
  more();
}

/** LDAPMessage with an LDAPResult: success, no DN, no words. */
export function answer(id: number, tag: number): Buffer {
  const writer = new BerWriter();
  writer.startSequence();
  writer.writeInt(id);
  writer.startSequence(tag);
  writer.writeEnumeration(0);
  writer.writeString("");
  writer.writeString("");
  writer.endSequence();
  writer.endSequence();
  return writer.buffer;
}

function entryOf(id: number, { dn, attributes }: FalseEntry): Buffer {
  const writer = new BerWriter();
  writer.startSequence();
  writer.writeInt(id);
  writer.startSequence(0x64);
  writer.writeString(dn);
  writer.startSequence();
  for (const [name, values] of Object.entries(attributes)) {
    writer.startSequence();
    writer.writeString(name);
    writer.startSequence(0x31);
    for (const value of values) writer.writeString(value);
    writer.endSequence();
    writer.endSequence();
  }
  writer.endSequence();
  writer.endSequence();
  writer.endSequence();
  return writer.buffer;
}
