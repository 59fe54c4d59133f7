// What the console's pages share.
import type { ReactNode } from "react";

export function Empty({ children }: { children: ReactNode }) {
  return <p className="empty">{children}</p>;
}

export function Fault({ text }: { text: string }) {
  if (!text) return null;
  return (
    <p className="bad" role="alert">
      {text}
    </p>
  );
}

function HeadCell({ children }: { children: ReactNode }) {
  return children === "" ? <td /> : <th scope="col">{children}</th>;
}

function Row({ cells: [first, ...rest] }: { cells: ReactNode[] }) {
  return (
    <tr>
      <th scope="row">{first}</th>
      {rest.map((cell, i) => (
        <td key={i}>{cell}</td>
      ))}
    </tr>
  );
}

/** A table whose first column names the row. An empty heading is no heading. */
export function Table({
  head,
  rows,
  label,
}: {
  head: ReactNode[];
  rows: ReactNode[][];
  label: string;
}) {
  return (
    <div className="scroll" tabIndex={0} role="region" aria-label={label}>
      <table>
        <thead>
          <tr>
            {head.map((cell, i) => (
              <HeadCell key={i}>{cell}</HeadCell>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((cells, i) => (
            <Row key={i} cells={cells} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** A figure from 0 to 1 as a bar with its interval, so that two can be compared at a look. */
export function Meter({
  value,
  interval,
  label,
}: {
  value: number;
  interval?: [number, number] | undefined;
  label: string;
}) {
  const at = (v: number) => `${Math.max(0, Math.min(1, v)) * 100}%`;
  return (
    <i className="meter" role="img" aria-label={label}>
      <b style={{ width: at(value) }} />
      {interval && (
        <u
          style={{ left: at(interval[0]), width: `calc(${at(interval[1])} - ${at(interval[0])})` }}
        />
      )}
    </i>
  );
}
