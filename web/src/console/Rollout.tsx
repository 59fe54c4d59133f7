// A new version beside the one that serves: how far it is, what it showed, and both ways out of it by hand.
import { nameOf } from "../i18n/names";
import { useWords } from "../i18n/words";
import { ConfirmDialog } from "../shared/ConfirmDialog";
import { decimals, percent } from "../shared/format";
import type { Rollout, RolloutDetail, RolloutSide } from "../state/consoleWire";
import { call } from "../state/live";
import { Table } from "./parts";

export function RolloutSection({
  name,
  rollout,
  reload,
}: {
  name: string;
  rollout: Rollout;
  reload: () => void;
}) {
  const t = useWords();
  const detail = rollout.detail ?? {};
  const steps = detail.steps ?? 0;
  const end = (way: "promote" | "rollback") => async (why: string) => {
    await call(`/v1/services/${name}/${way}`, { why });
    reload();
    return t("done");
  };
  return (
    <section className="rollout" aria-label={t("Rollout of {}", rollout.version)}>
      <p>
        <b>{nameOf("rollout", rollout.strategy)}</b>
        {t(": ")}
        {t("{} against {}", rollout.version, rollout.before)}
        {steps > 1 && t(", ") + t("step {} of {}", rollout.step + 1, steps)}
      </p>
      <ShareBar share={detail.share ?? 0} />
      <Sides rollout={rollout} detail={detail} />
      <p className="sum">
        {rollout.why}
        {(detail.new?.judged ?? 0) > 0 &&
          ` ${t("Difference {} points, always-valid p {}.", percent(detail.difference, 1), decimals(detail.p))}`}
      </p>
      <ConfirmDialog
        name={t("Promote now")}
        question={t("Promote {} in {} now?", rollout.version, name)}
        act={end("promote")}
      />{" "}
      <ConfirmDialog
        name={t("Cancel rollout")}
        danger
        question={t("Cancel the rollout of {}? {} keeps serving.", rollout.version, rollout.before)}
        act={end("rollback")}
      />
    </section>
  );
}

/** The share of requests, in percent, that the new version answers. */
function ShareBar({ share }: { share: number }) {
  const t = useWords();
  if (share <= 0) return null;
  return (
    <div className="barline" role="img" aria-label={t("{} % of the requests", share)}>
      <i className="kept" style={{ flex: share }} />
      <i className="duplicates" style={{ flex: 100 - share }} />
    </div>
  );
}

function Sides({ rollout, detail }: { rollout: Rollout; detail: RolloutDetail }) {
  const t = useWords();
  const both = (detail.new?.both ?? 0) > 0; // both versions answered some requests
  const row = (version: string, side: RolloutSide | null | undefined) => [
    version,
    side?.requests ?? 0,
    side?.errors ?? 0,
    decimals(side?.p95_ms, 1),
    side?.judged ? t("{} of {}", side.right, side.judged) : "–",
    ...(both ? [side?.both ? `${percent(side.agreed / side.both, 1)} %` : "–"] : []),
  ];
  return (
    <Table
      label={t("{} against {}", rollout.version, rollout.before)}
      head={["", t("requests"), t("errors"), "p95 ms", t("right"), ...(both ? [t("agrees")] : [])]}
      rows={[row(rollout.version, detail.new), row(rollout.before, detail.old)]}
    />
  );
}
