import { existsSync, readdirSync } from "node:fs";
import { join, relative } from "node:path";
import ts from "typescript";
import { isGenerated } from "./files.mjs";

/** Every export that can be reached through a door, `src/<domain>/index.ts`, has a doc line where it is declared. */
export function checkDoors(root) {
  const doors = readdirSync(join(root, "src"), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && existsSync(join(root, "src", entry.name, "index.ts")))
    .map((entry) => join(root, "src", entry.name, "index.ts"));
  const program = ts.createProgram({ rootNames: doors, options: OPTIONS, host: ownFilesOnly() });
  const checker = program.getTypeChecker();
  const problems = new Set();
  let exports = 0;
  for (const door of doors) {
    const module = checker.getSymbolAtLocation(program.getSourceFile(door));
    for (const symbol of module ? checker.getExportsOfModule(module) : []) {
      const declaration = declarationOf(checker, symbol);
      if (!declaration) continue;
      exports += 1;
      if (!documented(declaration)) problems.add(`${place(root, declaration)}: ${symbol.name} has no doc line`);
    }
  }
  return { problems: [...problems].sort(), seen: `${exports} exports of ${doors.length} doors` };
}

const OPTIONS = {
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
  target: ts.ScriptTarget.ESNext,
  allowImportingTsExtensions: true,
  noEmit: true,
  noLib: true,
  types: [],
};

/** Follows imports between our own files only: packages are not needed to find a declaration and cost seconds. */
function ownFilesOnly() {
  const host = ts.createCompilerHost(OPTIONS);
  host.resolveModuleNameLiterals = (literals, from) =>
    literals.map(({ text }) => {
      const resolvedFileName = text.startsWith(".") ? join(from, "..", text) : "";
      if (!resolvedFileName.endsWith(".ts") || !existsSync(resolvedFileName)) return { resolvedModule: undefined };
      return { resolvedModule: { resolvedFileName, extension: ".ts", isExternalLibraryImport: false } };
    });
  return host;
}

/** Undefined for what comes from a package or was written by a program. */
function declarationOf(checker, symbol) {
  const origin = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
  const declaration = origin.declarations?.[0];
  return declaration && !isGenerated(declaration.getSourceFile().text) ? declaration : undefined;
}

/** The comment stands above the statement; a variable's declaration lies two levels below it. */
function documented(declaration) {
  const statement = ts.isVariableDeclaration(declaration) ? declaration.parent.parent : declaration;
  return ts.getJSDocCommentsAndTags(statement).some((doc) => ts.isJSDoc(doc) && doc.comment);
}

function place(root, declaration) {
  const file = declaration.getSourceFile();
  const { line } = file.getLineAndCharacterOfPosition(declaration.getStart());
  return `${relative(root, file.fileName)}:${line + 1}`;
}
