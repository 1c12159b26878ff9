/** Media that is not there: for trying the screens of a call without a microphone. `?mock=silent` has none to give. */
import type { MakePeer } from "./line";
import { scenario } from "./mock";

export const mockPeer: MakePeer = async (_servers, onState) => {
  if (scenario() === "silent") {
    throw new Error("Plaza may not use the microphone. Allow it beside the address of this page, and try again.");
  }
  const connect = (): void => void setTimeout(() => onState("connected"), 300);
  return Promise.resolve({
    offer: () => Promise.resolve("v=0"),
    answered: () => {
      connect();
      return Promise.resolve();
    },
    answer: () => {
      connect();
      return Promise.resolve("v=0");
    },
    speak: () => undefined,
    listen: () => undefined,
    close: () => undefined,
  });
};
