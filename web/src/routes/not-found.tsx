/** An address that leads nowhere. */
import { Link } from "@tanstack/react-router";
import { Compass } from "lucide-react";
import { buttonLook } from "@/ui/Button";
import { Empty } from "@/ui/Problem";

export function NotFound() {
  return (
    <main className="grid min-h-dvh place-items-center">
      <Empty
        page
        icon={<Compass size={32} strokeWidth={1.5} />}
        title="There is nothing at this address"
        action={
          <Link to="/" className={buttonLook("solid")}>
            Back to the square
          </Link>
        }
      >
        The page may have moved, or the address has a slip of the pen.
      </Empty>
    </main>
  );
}
