/** /operator/businesses, and everything about one. */
import { useParams } from "@tanstack/react-router";
import { Businesses } from "@/features/operator/Businesses";
import { Customer } from "@/features/operator/Customer";

export function BusinessesPage() {
  return <Businesses />;
}

export function BusinessPage() {
  const { businessId } = useParams({ from: "/operator/businesses/$businessId" });
  return <Customer businessId={businessId} />;
}
