// What can be done with a service by hand: a version that comes in is promoted or taken back, the one that serves rolled back.
import { useWords } from "../i18n/words";
import { ConfirmDialog } from "../shared/ConfirmDialog";
import { moveVersion } from "../shared/services";
import type { Element } from "../state/wire";

export function ServiceControls({ e }: { e: Element }) {
  const t = useWords();
  const coming = (e.facts as { rollout?: string }).rollout;
  return (
    <div className="levers">
      {coming && (
        <p>
          <b>{t("coming in")}</b> {coming}
        </p>
      )}
      {coming && (
        <ConfirmDialog
          name={t("Promote")}
          question={t("Put the version that comes in into {} now?", e.name)}
          act={moveVersion(e.name, "promote", t)}
        />
      )}
      <ConfirmDialog
        name={coming ? t("Cancel rollout") : t("Roll back")}
        danger
        question={
          coming
            ? t("Take back the version that comes in? {} goes on as it is.", e.name)
            : t("Roll {} back to the previous version?", e.name)
        }
        act={moveVersion(e.name, "rollback", t)}
      />
    </div>
  );
}
