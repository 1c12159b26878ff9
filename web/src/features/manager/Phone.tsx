/** A phone with the conversation of the business that is signed in. */
import { Phone as PhoneOf } from "@/ui/Phone";
import type { PhoneProps } from "@/ui/Phone";
import { useManager } from "./session";

export function Phone(props: PhoneProps) {
  const { session } = useManager();
  return <PhoneOf business={{ id: session.business_id, name: session.name }} {...props} />;
}
