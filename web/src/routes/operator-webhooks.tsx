/** /operator/webhooks: the state that is shown, and the delivery that is open, are in the address. */
import { useSearch } from "@tanstack/react-router";
import { Webhooks } from "@/features/operator/Webhooks";

export function WebhooksPage() {
  const { state, delivery } = useSearch({ from: "/operator/webhooks" });
  return <Webhooks state={state} deliveryId={delivery} />;
}
