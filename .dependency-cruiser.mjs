// Who may import whom: docs/architecture.md, "Direction". Each rule is proved to bite in test/check.
const ORDER = ["core", "db", "audit", "platform", "iam", "assets", "sessions", "automation", "http", "cli"];
const EDGES = ["http", "cli"];
/** Folders that wire the rest together for a process, as main.ts does. */
const WIRING = ["processes", "demo"];
/** Folders that may open a connection to a target. */
const DIALLERS = ["assets", "sessions", "automation"];
/** Makes a key and hands it to the ssh-agent; reaches no target. */
const KEYS_ONLY = "^src/cli/commands/login\\.ts$";
/** The parts of core that run in a browser as well. */
const BROWSER_CORE = "^src/core/(endpoint|fields|secret|selector|weekly-times)\\.ts$";
const SCHEMA = "(^|/)schema(\\.ts|/[^/]+\\.ts)$";

const anyOf = (names) => `^src/(${names.join("|")})/`;

const looksLeft = ORDER.slice(0, -1).map((folder, place) => ({
  name: `${folder}-looks-left`,
  severity: "error",
  comment: `${folder} imports only what stands to its left: ${ORDER.slice(0, place).join(", ") || "nothing"}.`,
  from: { path: `^src/${folder}/` },
  to: { path: anyOf(ORDER.slice(place + 1)) },
}));

export default {
  forbidden: [
    ...looksLeft,
    {
      name: "cli-knows-no-http",
      severity: "error",
      comment: "The command line calls the same actions as http does, not http.",
      from: { path: "^src/cli/" },
      to: { path: "^src/http/" },
    },
    {
      name: "wiring-is-on-top",
      severity: "error",
      comment: "Only the wiring and the command line read main.ts and config.ts; what a domain needs is passed to it.",
      from: { path: "^src/[^/]+/", pathNot: anyOf(["cli", ...WIRING]) },
      to: { path: ["^src/[^/]+\\.ts$", anyOf(WIRING)] },
    },
    {
      name: "known-folders",
      severity: "error",
      comment: "A new folder under src gets its place in the order above.",
      from: { path: "^src/[^/]+/", pathNot: anyOf([...ORDER, "protocols", ...WIRING]) },
      to: {},
    },
    {
      name: "drivers-know-nothing",
      severity: "error",
      comment: "protocols see bytes and core: no users, no database.",
      from: { path: "^src/protocols/" },
      to: { path: "^src/", pathNot: "^src/(core|protocols)/" },
    },
    {
      name: "only-diallers-see-drivers",
      severity: "error",
      comment: `Only ${DIALLERS.join(", ")} and the wiring reach a target.`,
      from: { path: "^src/[^/]+/", pathNot: [anyOf([...DIALLERS, ...WIRING, "protocols"]), KEYS_ONLY] },
      to: { path: "^src/protocols/" },
    },
    {
      name: "one-door",
      severity: "error",
      comment: "Another domain is entered through its index.ts; shapes come from its schema.ts.",
      from: { path: "^src/([^/]+)/", pathNot: anyOf([...EDGES, ...WIRING]) },
      to: { path: "^src/[^/]+/", pathNot: ["^src/$1/", "^src/[^/]+/index\\.ts$", SCHEMA, BROWSER_CORE] },
    },
    {
      name: "one-door-for-edges",
      severity: "error",
      comment: "http, cli and the wiring enter a domain through index.ts, schema.ts or actions.ts.",
      from: { path: [anyOf([...EDGES, ...WIRING]), "^src/[^/]+\\.ts$"] },
      to: {
        path: "^src/[^/]+/",
        pathNot: [anyOf([...EDGES, ...WIRING]), "^src/[^/]+/(index|actions)\\.ts$", SCHEMA, BROWSER_CORE],
      },
    },
    {
      name: "schemas-are-browser-safe",
      severity: "error",
      comment: "A schema is read by the console: zod, other schemas and the browser-safe files of core, nothing else.",
      from: { path: [`^src/.*${SCHEMA}`, BROWSER_CORE] },
      to: { pathNot: ["(^|/)node_modules/zod/", SCHEMA, BROWSER_CORE] },
    },
    {
      name: "web-sees-schemas",
      severity: "error",
      comment:
        "The console knows the server by its schemas, by core/endpoint.ts, and by what core/secret.ts says of a field.",
      from: { path: "^web/" },
      to: { path: "^(src|test|bench|bin)/", pathNot: [SCHEMA, "^src/core/(endpoint|secret)\\.ts$"] },
    },
    {
      name: "server-stands-alone",
      severity: "error",
      comment:
        "The server imports neither the console nor the tests, the benchmarks and the tools; its tests may use test/support.",
      from: { path: "^src/", pathNot: "\\.test\\.ts$" },
      to: { path: "^(web|test|bench|bin)/" },
    },
    {
      name: "no-tests-in-programs",
      severity: "error",
      comment: "Nothing imports a test.",
      from: {},
      to: { path: "\\.test\\.tsx?$" },
    },
    {
      name: "production-packages-only",
      severity: "error",
      comment: "What runs in production stands under dependencies; types may come from devDependencies.",
      from: { path: "^src/", pathNot: "\\.test\\.ts$|^src/db/generate-tables\\.ts$" },
      to: { dependencyTypes: ["npm-dev"], dependencyTypesNot: ["type-only"], pathNot: "(^|/)node_modules/@types/" },
    },
    {
      name: "no-cycles",
      severity: "error",
      comment: "Files that import each other in a circle cannot be read apart; types count as well.",
      from: { path: "^(src|web|test|bench|bin)/" },
      to: { circular: true },
    },
    {
      name: "resolvable",
      severity: "error",
      comment: "An import that leads nowhere fails at run time.",
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    exclude: { path: "^web/dist/" },
    tsPreCompilationDeps: true,
    preserveSymlinks: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: { exportsFields: ["exports"], conditionNames: ["import", "node", "types", "default"] },
  },
};
