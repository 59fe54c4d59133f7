// Proposals for classes that a model lacks: requests it is not sure of that are like each other. A name given here labels them, and the next challenger learns it.
import { useState } from "react";
import { useWords } from "../../i18n/words";
import { percent } from "../../shared/format";
import type { Named, Proposal, Proposals as Found } from "../../state/consoleWire";
import { call } from "../../state/live";
import { ProposalForm } from "./ProposalForm";

/** The proposals for a model, and what a person may do with them. */
function useProposals(model: string) {
  const t = useWords();
  const [found, setFound] = useState<Found | null>(null);
  const [notice, setNotice] = useState("");
  const [named, setNamed] = useState(0); // requests that were labelled
  const [begun, setBegun] = useState(false);
  const load = async () => {
    setNotice(t("Reading the requests…"));
    try {
      setFound(await call<Found>(`/v1/models/${model}/proposals`));
      setNotice("");
    } catch (error) {
      setFound(null);
      setNotice((error as Error).message);
    }
  };
  const name = async (group: Proposal, predictions: string[], label: string) => {
    try {
      const done = await call<Named>(`/v1/models/${model}/proposals`, { predictions, label });
      setFound((old) => old && withName(old, group, done.label));
      setNotice(
        done.new
          ? t("{} requests are '{}' now, which is new.", done.rows, done.label)
          : t("{} requests are '{}' now.", done.rows, done.label),
      );
      setNamed((old) => old + done.rows);
      setBegun(false);
    } catch (error) {
      setNotice((error as Error).message);
    }
  };
  const train = async (service: string) => {
    try {
      await call(`/v1/services/${service}/retrain`, { why: t("new classes were named") });
      setNotice(t("A challenger is being trained; it is promoted if it is better."));
      setBegun(true);
    } catch (error) {
      setNotice((error as Error).message);
    }
  };
  return { found, notice, named, begun, load, name, train };
}

/** What is left once a group has its name. */
function withName(found: Found, group: Proposal, label: string): Found {
  return {
    ...found,
    labels: [...new Set([...found.labels, label])],
    groups: found.groups.filter((one) => one !== group),
  };
}

export function Proposals({ model, serves }: { model: string; serves: string | undefined }) {
  const t = useWords();
  const { found, notice, named, begun, load, name, train } = useProposals(model);
  return (
    <details
      onToggle={(e) => {
        if (e.currentTarget.open && !found) void load();
      }}
    >
      <summary>{t("candidate new classes")}</summary>
      {found?.groups.map((group) => (
        <ProposalForm
          key={group.predictions[0]}
          group={group}
          labels={found.labels}
          onName={name}
        />
      ))}
      {found && <LookedAt found={found} named={named} />}
      {notice && <p role="status">{notice}</p>}
      {named > 0 && !begun && serves && (
        <button className="go" onClick={() => void train(serves)}>
          {t("Train a challenger now")}
        </button>
      )}
    </details>
  );
}

function LookedAt({ found, named }: { found: Found; named: number }) {
  const t = useWords();
  return (
    <p className="sum">
      {found.groups.length === 0 && named === 0 && `${t("No candidate new classes.")} `}
      {t(
        "{} requests without a label were read; {} are out-of-distribution: less confident than the least confident {} % of held-out rows, or less similar to any class than {} % of them.",
        found.waiting,
        found.strange,
        percent(found.share),
        percent(found.share / 2),
      )}
    </p>
  );
}
