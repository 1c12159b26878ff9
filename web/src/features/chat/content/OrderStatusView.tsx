/** How an order stands. */
import { PackageCheck, PackageOpen, PackageX, Truck } from "lucide-react";
import type { OrderStatusAction } from "@/core/content";
import { Tag } from "@/ui/Tag";

const STATES: Record<string, { words: string; tone: "good" | "attention" | "bad" | "plain"; icon: typeof Truck }> = {
  pending: { words: "Received", tone: "plain", icon: PackageOpen },
  processing: { words: "Being prepared", tone: "attention", icon: PackageOpen },
  partially_shipped: { words: "Partly on its way", tone: "attention", icon: Truck },
  shipped: { words: "On its way", tone: "attention", icon: Truck },
  completed: { words: "Completed", tone: "good", icon: PackageCheck },
  canceled: { words: "Cancelled", tone: "bad", icon: PackageX },
};

export function OrderStatusView({ order }: { order: OrderStatusAction }) {
  const state = STATES[order.status] ?? { words: order.status, tone: "plain" as const, icon: PackageOpen };
  const Icon = state.icon;
  return (
    <div className="mb-2 grid w-72 max-w-full gap-1.5 rounded-8 border bg-canvas p-3">
      <div className="flex flex-wrap items-center justify-between gap-2">
        <span className="text-13 text-muted">Order {order.reference_id}</span>
        <Tag tone={state.tone} icon={<Icon size={13} aria-hidden="true" />}>
          {state.words}
        </Tag>
      </div>
      {order.description !== "" && <p className="text-13">{order.description}</p>}
    </div>
  );
}
