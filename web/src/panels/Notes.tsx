// Notes that people left on a thing, and a place to leave one.
import { useEffect, useState, type FormEvent } from "react";
import { call } from "../state/live";
import { useWords } from "../i18n/words";

interface Note { id: number; on: string; text: string; name: string; at: number }

export function Notes({ on, name }: { on: string; name: string }) {
  const t = useWords();
  const [found, set] = useState<Note[]>([]);
  const [text, type] = useState("");
  const [notice, tell] = useState("");
  const load = () => call<Note[]>("/v1/notes").then((all) => set(all.filter((n) => n.on === on)), () => undefined);
  useEffect(() => { void load(); const timer = setInterval(load, 4000); return () => clearInterval(timer); }, [on]);
  const leave = async (e: FormEvent) => {
    e.preventDefault();
    if (!text.trim()) return;
    try { await call("/v1/notes", { on, text: text.trim(), who: name }); type(""); tell(""); await load(); } catch (error) { tell((error as Error).message); }
  };
  return (
    <details className="notes" open={found.length > 0}><summary>{found.length === 0 ? t("Leave a note") : found.length === 1 ? t("1 note") : t("{} notes", found.length)}</summary>
      {found.map((n) => <p key={n.id}><b>{n.name}</b> {n.text} <small>{new Date(n.at * 1000).toLocaleString()}</small></p>)}
      <form onSubmit={leave}><input aria-label={t("A note for others")} value={text} maxLength={1000} onChange={(e) => type(e.target.value)} /><button>{t("Leave")}</button></form>
      {notice && <p role="status">{notice}</p>}
    </details>
  );
}
