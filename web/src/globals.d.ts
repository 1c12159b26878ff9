/// <reference types="vite/client" />

/** True in the builds that answer from memory; a constant, so that production drops what depends on it. */
declare const __MOCK__: boolean;

/** The generated package; `cargo xtask wasm` writes it, and its own declarations win where they are there. */
declare module "*/wasm/plaza_client_web.js" {
  const init: () => Promise<unknown>;
  // oxlint-disable-next-line import/no-default-export -- the generator decides
  export default init;
  export const Client: unknown;
}
