/** Speaks each new message once, politely; an assistive technology reads it, nobody sees it. */
import { useEffect, useState } from "react";
import { core } from "@/core/core";
import { summary } from "./grouping";

export function Announcer() {
  const [said, setSaid] = useState("");
  useEffect(
    () =>
      core.onArrival(({ item }) => {
        if (item.kind !== "notice") setSaid(`${item.author}: ${summary(item)}`);
      }),
    [],
  );
  return (
    <div aria-live="polite" aria-atomic="true" className="sr-only">
      {said}
    </div>
  );
}
