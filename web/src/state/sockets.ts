// WebSockets of the server that the page came from, which writes in the page's language.
import { pageLanguage } from "../i18n/words";

export function socketAt(path: string): WebSocket {
  const url = new URL(path, location.href);
  url.protocol = location.protocol === "https:" ? "wss:" : "ws:";
  url.searchParams.set("lang", pageLanguage());
  return new WebSocket(url);
}
