// A program that works on an embedded cluster and is killed: DIRECTORY [hold | write]. Reports in JSON lines.
import { sql } from "kysely";
import { Fault } from "../../src/core/index.ts";
import { createDatabase, startEmbedded } from "../../src/db/index.ts";

/** One line of the report. */
export interface Said {
  readonly log?: string;
  readonly pid?: number;
  readonly adopted?: boolean;
  readonly id?: number;
  readonly stopped?: boolean;
  readonly fault?: string;
  readonly message?: string;
  readonly error?: string;
}

const [directory, work] = process.argv.slice(2);
const say = (line: Said) => process.stdout.write(`${JSON.stringify(line)}\n`);

try {
  const embedded = await startEmbedded({ directory: directory!, log: (message) => say({ log: message }) });
  say({ pid: embedded.pid, adopted: embedded.adopted });
  if (work === "write") await write();
  if (work === "hold") await new Promise((resolve) => process.stdin.once("data", resolve));
  await embedded.stop();
  say({ stopped: true });

  async function write(): Promise<void> {
    const { db } = createDatabase({ ...embedded.connection, role: null, max: 8 });
    await sql`create table if not exists written (id bigint primary key)`.execute(db);
    const start = Date.now() * 1000;
    const writer = async (lane: number): Promise<never> => {
      for (let n = start + lane; ; n += 8) {
        await sql`insert into written values (${n})`.execute(db);
        say({ id: n });
      }
    };
    await Promise.all(Array.from({ length: 8 }, (_, lane) => writer(lane)));
  }
} catch (error) {
  say(error instanceof Fault ? { fault: error.code, message: error.message } : { error: String(error) });
  process.exitCode = 1;
}
process.stdin.destroy();
