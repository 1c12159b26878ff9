/** /: what Plaza is, and the doors into it. */
import { useQuery } from "@tanstack/react-query";
import { worldQuery } from "@/api/demo";
import { Front } from "@/features/front/Front";
import { useTitle } from "@/lib/title";

export function FrontPage() {
  useTitle("Plaza");
  const { data } = useQuery(worldQuery);
  return <Front world={data ?? null} />;
}
