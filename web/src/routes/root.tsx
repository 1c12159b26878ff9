/** Around every page: only the place where the page goes. */
import { Outlet } from "@tanstack/react-router";

export function Root() {
  return <Outlet />;
}
