/** Starts the page: fonts, theme, router. Each route loads its own code. */
import "@fontsource-variable/inter/index.css";
import "@fontsource-variable/jetbrains-mono/index.css";
import "./styles.css";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { Tooltip } from "radix-ui";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { Problem } from "./api/http";
import { startAccent } from "./lib/accent";
import { startTheme } from "./lib/theme";
import { router } from "./router";

const TRIES_MAX = 2;

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      // A refusal stays a refusal; what may pass by itself is tried again.
      retry: (tries, error) => tries < TRIES_MAX && !(error instanceof Problem && error.status >= 400 && error.status < 500),
      retryDelay: (tries) => 400 * 2 ** tries,
      staleTime: 2000,
    },
  },
});

startTheme();
startAccent();
const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <QueryClientProvider client={queries}>
        <Tooltip.Provider delayDuration={400}>
          <RouterProvider router={router} />
        </Tooltip.Provider>
      </QueryClientProvider>
    </StrictMode>,
  );
}
