/** /operator/invoice-settings */
import { InvoiceSettings } from "@/features/operator/InvoiceSettings";

export function InvoiceSettingsPage() {
  return <InvoiceSettings />;
}
