// A part of a page that is made only once somebody opens it: what it asks of the server is asked then.
import { useState, type ReactNode } from "react";

export function WhenOpen({ name, children }: { name: string; children: ReactNode }) {
  const [opened, setOpened] = useState(false);
  return (
    <details
      onToggle={(e) => {
        if (e.currentTarget.open) setOpened(true);
      }}
    >
      <summary>{name}</summary>
      {opened && children}
    </details>
  );
}
