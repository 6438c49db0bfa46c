/* Hands bytes of a mail to the browser as a file, never as a page. */
import { attempt } from "./state";

export async function download(name: string, get: () => Promise<Blob>): Promise<void> {
  await attempt(async () => {
    const bytes = new Blob([await get()], { type: "application/octet-stream" });
    const link = document.createElement("a");
    link.href = URL.createObjectURL(bytes);
    link.download = fileName(name);
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  });
}

/* The sender chose the name: no paths, no hidden files, no controls, nothing that turns around. */
export function fileName(claimed: string): string {
  const clean = claimed
    .replace(/[\p{C}"*/:<>?\\|]+/gu, "_")
    .replace(/^[.\s]+|[.\s]+$/g, "")
    .slice(-120);
  return clean === "" ? "attachment.bin" : clean;
}
