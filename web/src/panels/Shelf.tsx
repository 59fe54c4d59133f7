// The shelf of one visitor in a shop: what they like brings what is near it, each thing with the one it rests on. Who they are is never asked.
import { useEffect, useRef, useState } from "react";
import { useWords } from "../i18n/words";
import { call } from "../state/live";
import type { Stall } from "../state/wire";

interface Good {
  item: string;
  score: number;
  said?: string;
  because?: string;
  explored?: number;
}
interface Liked {
  item: string;
  said: string;
}

const MOST = 20; // likes that the shelf follows

/** The goods of a shelf as the place shows them in the valley. */
const stallsOf = (goods: Good[]): Stall[] =>
  goods.map((good, i) => ({
    name: (good.said || good.item).split(". ")[0],
    count: goods.length - i,
    share: 1 - i / goods.length,
    state: "fine",
    says: good.because ?? "",
  }));

/** What a service proposes to somebody who likes these. */
function useGoods(service: string, liked: Liked[], onShelf: (goods: Stall[] | null) => void) {
  const [goods, setGoods] = useState<Good[]>([]);
  const [fault, setFault] = useState("");
  const asked = useRef(0);
  useEffect(() => {
    const mine = ++asked.current;
    const path = `/v1/services/${encodeURIComponent(service)}/predict`;
    void call<{ items: Good[] }>(path, { liked: liked.map((l) => l.item).join(";") }).then(
      ({ items }) => {
        if (mine !== asked.current) return;
        setGoods(items);
        setFault("");
        onShelf(stallsOf(items));
      },
      (error: Error) => {
        if (mine === asked.current) setFault(error.message);
      },
    );
  }, [liked, service, onShelf]);
  useEffect(() => () => onShelf(null), [onShelf]);
  return { goods, fault };
}

export function Shelf({
  service,
  onShelf,
}: {
  service: string;
  onShelf: (goods: Stall[] | null) => void;
}) {
  const t = useWords();
  const [liked, setLiked] = useState<Liked[]>([]);
  const { goods, fault } = useGoods(service, liked, onShelf);
  const like = (one: Liked) => setLiked((old) => [...old, one].slice(-MOST));
  const dislike = (item: string) => setLiked((old) => old.filter((one) => one.item !== item));
  return (
    <section className="shelf" aria-label={t("your shelf")}>
      <p>
        <b>{t("your shelf")}</b>{" "}
        <small>{t("Say what you like; the shelf follows. It never asks who you are.")}</small>
      </p>
      {liked.length > 0 && (
        <p className="liked">
          {liked.map((one) => (
            <button
              key={one.item}
              type="button"
              onClick={() => dislike(one.item)}
              aria-label={t("no longer {}", one.said)}
            >
              ♥ {one.said} ×
            </button>
          ))}
        </p>
      )}
      {fault && (
        <p className="bad" role="alert">
          {fault}
        </p>
      )}
      <ul aria-live="polite">
        {goods.map((good) => (
          <GoodRow key={good.item} good={good} liked={liked} onLike={like} />
        ))}
      </ul>
    </section>
  );
}

function GoodRow({
  good,
  liked,
  onLike,
}: {
  good: Good;
  liked: Liked[];
  onLike: (one: Liked) => void;
}) {
  const t = useWords();
  const said = good.said || good.item;
  const why = (): string => {
    const { because } = good;
    if (good.explored !== undefined) return t("something new");
    if (!because) return t(liked.length ? "by all that you like" : "many take it");
    return t("because you like {}", liked.find((one) => one.item === because)?.said ?? because);
  };
  return (
    <li>
      <span>
        <b>{said}</b> <small>{why()}</small>
      </span>
      <button type="button" onClick={() => onLike({ item: good.item, said })}>
        ♡ {t("I like it")}
      </button>
    </li>
  );
}
