/**
 * # The script of the payment provider
 *
 * What of Stripe's script is used, as types, and loading it: once, from the address that the server names. The page that does
 * so is the only one whose policy allows it.
 */
type Said = { message?: string };
type Elements = { create(kind: "card", options: unknown): CardElement };

export type CardElement = { mount(place: HTMLElement): void; unmount(): void };
export type Stripe = {
  elements(): Elements;
  confirmCardSetup(clientSecret: string, with_: { payment_method: { card: CardElement } }): Promise<{ error?: Said | null; setupIntent?: { payment_method: string | { id: string } } }>;
  confirmCardPayment(clientSecret: string): Promise<{ error?: Said | null }>;
};

declare global {
  // oxlint-disable-next-line no-var -- the script puts it there
  var Stripe: ((publishableKey: string) => Stripe) | undefined;
}

export async function loadStripe(url: string, publishableKey: string): Promise<Stripe> {
  if (globalThis.Stripe === undefined) {
    await new Promise<void>((loaded, failed) => {
      const script = document.createElement("script");
      script.src = url;
      script.addEventListener("load", () => loaded());
      script.addEventListener("error", () => {
        script.remove();
        failed(new Error("The provider's form could not be loaded. Open this page from Payments, or try again later."));
      });
      document.body.append(script);
    });
  }
  const made = globalThis.Stripe?.(publishableKey);
  if (made === undefined) throw new Error("The provider's form could not be loaded.");
  return made;
}
