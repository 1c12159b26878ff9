/** /manager/keys */
import { Keys } from "@/features/manager/Keys";

export function KeysPage() {
  return <Keys />;
}
