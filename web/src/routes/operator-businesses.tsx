/** /operator/businesses and the money of one. */
import { useParams } from "@tanstack/react-router";
import { BusinessMoney, Businesses } from "@/features/operator/Businesses";

export function BusinessesPage() {
  return <Businesses />;
}

export function BusinessPage() {
  const { businessId } = useParams({ from: "/operator/businesses/$businessId" });
  return <BusinessMoney businessId={businessId} />;
}
