/** /operator/outbox */
import { Outbox } from "@/features/operator/Outbox";

export function OutboxPage() {
  return <Outbox />;
}
