/** What stands before the messenger: starting, open in another tab, not possible here. */
import { AppWindow, CircleAlert } from "lucide-react";
import type { ReactNode } from "react";
import { core } from "@/core/core";
import type { Phase } from "@/core/types";
import { Button } from "@/ui/Button";
import { Mark } from "@/ui/Mark";
import { Empty } from "@/ui/Problem";

function Centre({ children }: { children: ReactNode }) {
  return <main className="grid min-h-dvh place-items-center">{children}</main>;
}

export function Starting() {
  return (
    <Centre>
      <div role="status" className="flex animate-late flex-col items-center gap-4 text-muted">
        <Mark className="size-10 animate-breathe" />
        Opening your conversations…
      </div>
    </Centre>
  );
}

export function Gate({ phase }: { phase: Exclude<Phase, { is: "ready" }> }) {
  if (phase.is === "starting") return <Starting />;
  if (phase.is === "elsewhere") {
    return (
      <Centre>
        <Empty
          page
          icon={<AppWindow size={32} strokeWidth={1.5} />}
          title="Plaza is open in another tab"
          action={
            <Button kind="solid" onClick={() => core.takeOver()}>
              Use it here
            </Button>
          }
        >
          Your keys can be used in one place at a time. Nothing is lost when you move.
        </Empty>
      </Centre>
    );
  }
  return (
    <Centre>
      <Empty
          page
        icon={<CircleAlert size={32} strokeWidth={1.5} className="text-bad" />}
        title="Plaza cannot open here"
        action={
          <Button kind="solid" onClick={() => location.reload()}>
            Try again
          </Button>
        }
      >
        {phase.why} Private windows and blocked site data are the usual reasons.
      </Empty>
    </Centre>
  );
}
