/** /operator/reminders */
import { Reminders } from "@/features/operator/Reminders";

export function RemindersPage() {
  return <Reminders />;
}
