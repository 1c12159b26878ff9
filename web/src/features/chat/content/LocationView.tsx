/**
 * # A place
 *
 * Drawn, not fetched: a map would tell its maker where everybody looks. The streets are always the same; the name, the
 * address and the coordinates are the message's. A map app of the device opens it, or the coordinates are copied.
 */
import { MapPin, Navigation } from "lucide-react";
import type { Place } from "@/core/content";
import { CopyButton } from "@/ui/CopyButton";

const degrees = new Intl.NumberFormat("en", { minimumFractionDigits: 5, maximumFractionDigits: 5 });

function coordinates(place: Place): string {
  return `${degrees.format(place.latitude)}, ${degrees.format(place.longitude)}`;
}

export function LocationView({ place }: { place: Place }) {
  const at = coordinates(place);
  const query = place.name === "" ? "" : `(${encodeURIComponent(place.name)})`;
  return (
    <div className="w-72 max-w-full overflow-hidden rounded-8 border border-line-strong bg-raised text-ink">
      <Streets />
      <div className="px-3 py-2">
        {place.name !== "" && <div className="font-semibold">{place.name}</div>}
        {place.address !== "" && <div className="text-13 text-muted">{place.address}</div>}
        <div className="flex items-center gap-1 text-13 text-muted tabular">
          {at}
          <CopyButton text={at} what="coordinates" />
        </div>
        <a
          href={`geo:${place.latitude},${place.longitude}?q=${place.latitude},${place.longitude}${query}`}
          className="mt-1 inline-flex min-h-6 items-center gap-1.5 text-13 font-medium text-accent-text underline-offset-2 hover:underline"
        >
          <Navigation size={13} aria-hidden="true" />
          Open in a map app
        </a>
      </div>
    </div>
  );
}

function Streets() {
  return (
    <div className="relative h-24" aria-hidden="true">
      <svg viewBox="0 0 288 96" preserveAspectRatio="xMidYMid slice" className="size-full">
        <rect width="288" height="96" fill="var(--paving)" />
        <path d="M0 70Q60 58 120 66T288 44V96H0Z" fill="color-mix(in oklab, var(--chart-6) 16%, var(--paving))" />
        <g stroke="var(--surface)" strokeWidth="9" fill="none">
          <path d="M-5 40 120 26 293 52M70-5 88 101M196-5 184 101" />
        </g>
        <g stroke="var(--paving-line)" strokeWidth="4" fill="none">
          <path d="M-5 12 293 8M20 0 34 96M138 0 134 96M240 0 244 96M0 84 288 80" />
        </g>
        <circle cx="144" cy="52" r="26" fill="var(--accent)" opacity="0.14" />
      </svg>
      <MapPin size={30} className="absolute start-1/2 top-1/2 -translate-x-1/2 -translate-y-[70%] fill-accent-soft text-accent rtl:translate-x-1/2" />
    </div>
  );
}
