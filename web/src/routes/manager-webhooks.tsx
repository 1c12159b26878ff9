/** /manager/webhooks: the view, what narrows the list, and the delivery that is open are in the address. */
import { useSearch } from "@tanstack/react-router";
import { Webhooks } from "@/features/manager/Webhooks";

export function WebhooksPage() {
  return <Webhooks search={useSearch({ from: "/manager/webhooks" })} />;
}
