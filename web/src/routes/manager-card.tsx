/** /manager/payments/card?payment= */
import { getRouteApi } from "@tanstack/react-router";
import { ConfirmPayment, TakeCard } from "@/features/manager/Card";

const route = getRouteApi("/manager/payments/card");

export function CardPage() {
  const { payment } = route.useSearch();
  return payment === undefined ? <TakeCard /> : <ConfirmPayment paymentId={payment} />;
}
