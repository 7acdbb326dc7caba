import { existsSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { requireNode } from "./node.mjs";
import { packFiles } from "./pack.mjs";

/** Builds the web console into web/dist unless the one there is newer than everything it is made of. */
export async function prepareConsole({ root, steps }) {
  const web = join(root, "web");
  if (!existsSync(join(web, "index.html"))) return;
  const built = join(web, "dist", ".built");
  const sources = [web, join(root, "src"), join(root, "package-lock.json")];
  if (existsSync(built) && Math.max(...sources.map(newest)) <= statSync(built).mtimeMs) return;
  const started = new Date();
  await steps.step("Building the web console", async () => {
    await steps.run(requireNode(root), [join(root, "node_modules", "vite", "bin", "vite.js"), "build"], {
      cwd: web,
      env: { NODE_ENV: "production" },
    });
    packFiles(join(web, "dist"));
  });
  writeFileSync(built, `${started.toISOString()}\n`);
}

/** Time of the last change below a path; of the server's sources only what the console imports counts. */
function newest(path) {
  const stat = statSync(path);
  if (!stat.isDirectory()) return counts(path) ? stat.mtimeMs : 0;
  return readdirSync(path, { withFileTypes: true })
    .filter(({ name }) => name !== "dist" && name !== "node_modules")
    .reduce((latest, { name }) => Math.max(latest, newest(join(path, name))), 0);
}

const counts = (path) => !/\/src\//.test(path) || /\/web\/src\/|\/core\/|\/schema(\.ts|\/)/.test(path);
