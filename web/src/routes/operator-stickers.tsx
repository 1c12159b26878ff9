/** /operator/stickers */
import { Stickers } from "@/features/operator/Stickers";

export function OperatorStickersPage() {
  return <Stickers />;
}
