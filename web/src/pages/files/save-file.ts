import type { Endpoint } from "../../../../src/core/endpoint.ts";
import { download, type Input } from "../../api.ts";

/** Asks an endpoint for a file and hands it to the browser to be kept. Throws ApiFault. */
export async function saveFile<E extends Endpoint>(endpoint: E, input: Input<E>): Promise<void> {
  const { blob, name } = await download(endpoint, input);
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
