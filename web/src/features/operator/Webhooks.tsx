/** # Webhooks: the deliveries of all businesses. */
import { useNavigate } from "@tanstack/react-router";
import type { DeliveryState } from "@/api/deliveries";
import { PageHead } from "@/ui/Console";
import { Deliveries } from "@/ui/Deliveries";
import { useOperator } from "./session";

type Props = { state: DeliveryState | undefined; deliveryId: string | undefined };

export function Webhooks({ state, deliveryId }: Props) {
  const { queries } = useOperator();
  const navigate = useNavigate();
  return (
    <>
      <PageHead title="Webhooks" note="Each event is tried for seven days. What still fails then stays here, and can be sent again." />
      <Deliveries
        queries={queries.deliveries}
        filter={{ state, field: undefined }}
        open={deliveryId}
        onShow={(filter, open) => {
          const search = { ...(filter.state === undefined ? {} : { state: filter.state }), ...(open === undefined ? {} : { delivery: open }) };
          void navigate({ to: "/operator/webhooks", search });
        }}
        empty="When a business subscribes with its callback address, every message and status that is sent to it shows here, with its body."
      />
    </>
  );
}
