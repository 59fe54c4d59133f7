// The versions of a model side by side, the newest first.
import { useWords } from "../../i18n/words";
import { decimals, spaced } from "../../shared/format";
import type { Version } from "../../state/consoleWire";
import { Table } from "../parts";
import { measured } from "./figures";
import { Share } from "./Learning";

const MOST = 12; // versions shown at most

export function Versions({
  name,
  versions,
  shown,
}: {
  name: string;
  versions: Version[];
  shown: Version;
}) {
  const t = useWords();
  const leading = measured(shown.metrics, shown.gates).at(0);
  const row = (version: Version) => {
    const value = leading && version.metrics[leading];
    return [
      version.id,
      t(version.state),
      decimals(value),
      <Share
        key="m"
        name={leading}
        value={value}
        interval={leading && version.metrics.interval?.[leading]}
        label={decimals(value)}
      />,
      version.why,
    ];
  };
  return (
    <details open={versions.length > 1}>
      <summary>
        {versions.length === 1 ? t("1 version") : t("{} versions side by side", versions.length)}
      </summary>
      <Table
        label={t("Versions of {}", name)}
        head={[t("version"), t("state"), leading ? t(spaced(leading)) : "", "", t("why")]}
        rows={[...versions].reverse().slice(0, MOST).map(row)}
      />
    </details>
  );
}
