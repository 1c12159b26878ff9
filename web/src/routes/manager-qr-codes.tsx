/** /manager/qr-codes: whose codes are shown is in the address. */
import { useSearch } from "@tanstack/react-router";
import { QrCodes } from "@/features/manager/QrCodes";

export function QrCodesPage() {
  const { number } = useSearch({ from: "/manager/qr-codes" });
  return <QrCodes numberId={number} />;
}
