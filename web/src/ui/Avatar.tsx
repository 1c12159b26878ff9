/** Who it is at a glance: people are round, businesses are a stall, groups are several heads or their picture. The tint comes from the id and never changes. */
import { clsx } from "clsx";
import { Store, User, Users } from "lucide-react";

const TINTS = 8;

function tintOf(id: string): number {
  let sum = 0;
  for (const letter of id) sum = (sum * 31 + (letter.codePointAt(0) ?? 0)) % 9973;
  return (sum % TINTS) + 1;
}

function initials(name: string): string {
  const words = name.split(/\s+/).filter((word) => /^\p{L}/u.test(word));
  return [words[0], words.length > 1 ? words.at(-1) : undefined].map((word) => [...(word ?? "")][0] ?? "").join("").toLocaleUpperCase();
}

type Props = { id: string; name: string; business: boolean; online?: boolean; size?: number; group?: boolean; /** An address of this server. */ picture?: string };

export function Avatar({ id, name, business, online = false, size = 44, group = false, picture = "" }: Props) {
  const tint = `var(--chart-${tintOf(id)})`;
  const letters = initials(name);
  return (
    <span className="relative inline-flex shrink-0" style={{ width: size, height: size }} aria-hidden="true">
      <span
        className={clsx("flex size-full items-center justify-center font-semibold", business ? "rounded-8" : "rounded-full")}
        style={{
          background: `color-mix(in oklab, ${tint} 22%, var(--surface))`,
          color: `color-mix(in oklab, ${tint} 50%, var(--ink))`,
          fontSize: size * 0.34,
        }}
      >
        {picture !== "" ? (
          <img src={`/${picture}`} alt="" width={size} height={size} className="size-full rounded-[inherit] object-cover" />
        ) : group ? (
          <Users size={size * 0.45} strokeWidth={1.75} />
        ) : business ? (
          <Store size={size * 0.45} strokeWidth={1.75} />
        ) : letters === "" ? (
          <User size={size * 0.45} strokeWidth={1.75} />
        ) : (
          letters
        )}
      </span>
      {online && <span className="absolute end-0 bottom-0 size-3 rounded-full border-2 border-surface bg-good" />}
    </span>
  );
}
